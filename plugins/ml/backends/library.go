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

	"github.com/plumb-ml/plumb/plugins/ml/backends/pjrt"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// Library is the file of a PJRT plugin, by what is in it.
type Library struct {
	Path   string `json:"path"`
	Digest string `json:"sha256"`

	// Tuning says whether the library has the flag cacheFlag.
	Tuning bool `json:"tuning"`

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
		if err == nil && len(lines) == 1 && json.Unmarshal(lines[0], &known) == nil && known.Path == path && known.Stamp == sealed.StampOf(info) {
			return known, nil
		}
	}
	library := Library{Path: path, Stamp: sealed.StampOf(info)}
	if library.Digest, library.Tuning, err = scan(path, cacheFlag); err != nil {
		return Library{}, err
	}
	if memory != "" {
		library.remember(memory)
	}
	return library, nil
}

// remember writes down what was found. If that cannot be, the library is read again
// the next time.
func (l Library) remember(path string) {
	if text, err := json.Marshal(l); err == nil && os.MkdirAll(filepath.Dir(path), 0o755) == nil {
		atomicfile.Write(path, sealed.Line(text))
	}
}

// scan reads a library once: for its digest, and for whether it has a flag. A
// flag's name is a C string there; the name of a field of a message is none, for
// no zero follows it.
func scan(path, flag string) (digest string, knows bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", false, err
	}
	defer file.Close()
	s := &scanner{hash: sha256.New(), names: [][]byte{[]byte("\x00" + flag + "\x00"), []byte("-" + flag + "\x00")}}
	if _, err := io.CopyBuffer(struct{ io.Writer }{s}, file, make([]byte, 1<<20)); err != nil {
		return "", false, fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(s.hash.Sum(nil)), s.found, nil
}

// scanner looks for one of several names in what is written to it.
type scanner struct {
	hash  hash.Hash
	names [][]byte
	found bool
	tail  []byte // of what was written before: a name may lie across
}

func (s *scanner) Write(part []byte) (int, error) {
	s.hash.Write(part)
	if s.found {
		return len(part), nil
	}
	longest := 0
	for _, name := range s.names {
		longest = max(longest, len(name))
	}
	text := append(s.tail, part...)
	for _, name := range s.names {
		s.found = s.found || bytes.Contains(text, name)
	}
	s.tail = append(s.tail[:0], text[max(0, len(text)-longest):]...)
	return len(part), nil
}
