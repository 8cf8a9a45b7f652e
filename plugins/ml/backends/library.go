package backends

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// Library is the file of a PJRT plugin, by what is in it.
type Library struct {
	Path   string `json:"path"`
	Digest string `json:"sha256"`

	// Flags are those of ourFlags that the library has.
	Flags []string `json:"flags"`
	// Looked is ourFlags as they were when the library was read.
	Looked []string `json:"looked"`

	Stamp sealed.Stamp `json:"stamp"` // of the file when it was read
}

// identify reads a library, or what was found out when it was read before: it has
// hundreds of megabytes, and each process that computes asks.
func identify(path string) (Library, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Library{}, err
	}
	if info.IsDir() {
		return Library{}, fmt.Errorf("%s is a directory", path)
	}
	root, err := cacheRoot(os.Getenv, os.UserCacheDir)
	memory := ""
	if err == nil {
		name := sha256.Sum256([]byte(path))
		memory = filepath.Join(root, "libraries", hex.EncodeToString(name[:8])+".json")
		var known Library
		text, err := os.ReadFile(memory)
		lines, damaged := sealed.Lines(text)
		if damaged > 0 {
			pjrt.Repaired(fmt.Sprintf("What was remembered of %s is damaged (%s); it is read again.", path, memory))
		}
		if err == nil && len(lines) == 1 && json.Unmarshal(lines[0], &known) == nil && known.Path == path && known.Stamp == sealed.StampOf(info) && slices.Equal(known.Looked, ourFlags) {
			return known, nil
		}
	}
	library := Library{Path: path, Stamp: sealed.StampOf(info), Looked: ourFlags}
	if library.Digest, library.Flags, err = scan(path, ourFlags); err != nil {
		return Library{}, err
	}
	if memory != "" {
		library.remember(memory)
	}
	return library, nil
}

// ourFlags are the flags of XLA that we set where it has them: one that it does not
// know ends the process.
var ourFlags = []string{cacheFlag, packingFlag}

// knows reports whether the library has a flag of ourFlags.
func (l Library) knows(flag string) bool { return slices.Contains(l.Flags, flag) }

// remember writes down what was found. If that cannot be, the library is read again
// the next time.
func (l Library) remember(path string) {
	if text, err := json.Marshal(l); err == nil && os.MkdirAll(filepath.Dir(path), 0o755) == nil {
		atomicfile.Write(path, sealed.Line(text))
	}
}

// scan reads a library once: for its digest, and for which flags it has.
func scan(path string, flags []string) (digest string, has []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	s := newScanner(flags)
	if _, err := io.CopyBuffer(struct{ io.Writer }{s}, file, make([]byte, 1<<20)); err != nil {
		return "", nil, fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(s.hash.Sum(nil)), s.has(), nil
}

// scanner looks for flags in what is written to it. A flag's name is a C string there;
// the name of a field of a message is none, for no zero follows it.
type scanner struct {
	hash  hash.Hash
	flags []string
	found []bool
	tail  []byte // of what was written before: a name may lie across
}

func newScanner(flags []string) *scanner {
	return &scanner{hash: sha256.New(), flags: flags, found: make([]bool, len(flags))}
}

// has are the flags that were found.
func (s *scanner) has() (flags []string) {
	for i, flag := range s.flags {
		if s.found[i] {
			flags = append(flags, flag)
		}
	}
	return flags
}

func (s *scanner) Write(part []byte) (int, error) {
	s.hash.Write(part)
	longest := 0
	text := append(s.tail, part...)
	for i, flag := range s.flags {
		longest = max(longest, len(flag)+2)
		s.found[i] = s.found[i] || bytes.Contains(text, []byte("\x00"+flag+"\x00")) || bytes.Contains(text, []byte("-"+flag+"\x00"))
	}
	s.tail = append(s.tail[:0], text[max(0, len(text)-longest):]...)
	return len(part), nil
}
