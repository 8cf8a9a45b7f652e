// Package sealed keeps unfinished state and caches in a form in which damage shows:
// what is taken up again is compared with its checksum first, and what is not intact
// counts as not there.
//
// A sealed file's name ends in the SHA-256 of its content, as a blob's does: other
// programs read it as what it is, and one rename makes it whole. Files of several
// lines, to which lines are added as work goes on, have a checksum in each line
// instead, so that a damaged line costs that line alone.
//
// The package refuses to mend: who finds something damaged makes it again, and says so.
package sealed

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Damaged says that what was sealed is not what it was, and has been removed.
type Damaged struct {
	Path string // of the file, without its checksum
}

func (d *Damaged) Error() string { return d.Path + " is damaged" }

// ending matches what Seal adds to a path.
var ending = regexp.MustCompile(`^\.[0-9a-f]{64}$`)

// Seal seals the file at path, which must be whole and closed: it gets its sealed
// name, for good, and takes the place of what was sealed at this path before. A
// process that is killed on the way leaves one of the two, or both.
func Seal(path string) error {
	sum, err := digest(path)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	name := path + "." + sum
	if err := atomicfile.Rename(path, name); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	names, err := sealedAt(path)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	for _, old := range names {
		if old != name {
			if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("seal: %w", err)
			}
		}
	}
	return nil
}

// Find returns the name of the file that was sealed at path last and is intact;
// empty if there is none. A damaged one is removed, and then the error is a *Damaged,
// also beside a name: warn, and go on.
func Find(path string) (name string, err error) {
	names, err := sealedAt(path)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", path, err)
	}
	var damaged error
	for _, candidate := range names {
		sum, err := digest(candidate)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && candidate == path+"."+sum {
			return candidate, damaged
		}
		// One that cannot be read, as on a bad sector, is as good as damaged.
		damaged = &Damaged{path}
		if err := os.Remove(candidate); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("remove what is damaged: %w", err)
		}
	}
	return "", damaged
}

// Sealed reports whether a name is one that Seal gives, and whether its file is
// intact. It changes nothing. The error is of the file system.
func Sealed(name string) (is, intact bool, err error) {
	if at := len(name) - 65; at <= 0 || !ending.MatchString(name[at:]) {
		return false, false, nil
	}
	sum, err := digest(name)
	return true, err == nil && strings.HasSuffix(name, "."+sum), err
}

// sealedAt lists what is sealed at a path, the newest first.
func sealedAt(path string) ([]string, error) {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var found []fs.FileInfo
	for _, entry := range entries {
		name := entry.Name()
		if len(name) <= len(base) || name[:len(base)] != base || !ending.MatchString(name[len(base):]) {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		found = append(found, info)
	}
	slices.SortStableFunc(found, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	names := make([]string, len(found))
	for i, info := range found {
		names[i] = filepath.Join(dir, info.Name())
	}
	return names, nil
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// mark is the number of hex digits of a line's checksum: by chance one damaged line
// in 2^64 passes.
const mark = 16

func markOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:mark]
}

// Line is a text, which has no line break in it, as a line with its checksum: 16 hex
// digits, a space, the text, a line break.
func Line(text []byte) []byte {
	line := append([]byte(markOf(text)), ' ')
	return append(append(line, text...), '\n')
}

// Lines returns the texts of the lines that are intact, in their order, and how many
// are not. A last line without a line break, which a kill cuts off, is neither, if it is
// the beginning of a line.
func Lines(content []byte) (texts [][]byte, damaged int) {
	for line := range bytes.Lines(content) {
		whole := bytes.HasSuffix(line, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch {
		case len(line) > mark && line[mark] == ' ' && markOf(line[mark+1:]) == string(line[:mark]):
			texts = append(texts, line[mark+1:])
		case whole || !begins(line):
			damaged++
		}
	}
	return texts, damaged
}

// begins reports whether a text may be the beginning of a line.
func begins(text []byte) bool {
	for i, b := range text[:min(len(text), mark+1)] {
		hexadecimal := b >= '0' && b <= '9' || b >= 'a' && b <= 'f'
		if i < mark && !hexadecimal || i == mark && b != ' ' {
			return false
		}
	}
	return true
}
