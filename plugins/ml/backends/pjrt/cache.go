package pjrt

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Cache is a directory of executables. Several processes may share it: files are
// written whole or not at all, and a process that wants a program which another one
// compiles waits for it.
type Cache struct {
	Dir   string
	Limit int64 // bytes; above it, what was used longest ago goes; 0: no limit

	once sync.Once // a refusal is said once
}

// magic begins a file; the SHA-256 of the rest follows.
var magic = []byte("plumb executable 1\n")

// extension of an executable's file.
const extension = ".xla"

// keyOf names a program: equal keys, equal code.
func keyOf(salt string, parts ...[]byte) string {
	sum := sha256.New()
	for _, part := range append([][]byte{[]byte(salt)}, parts...) {
		var size [8]byte
		binary.LittleEndian.PutUint64(size[:], uint64(len(part)))
		sum.Write(size[:])
		sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (c *Cache) path(key string) string { return filepath.Join(c.Dir, key[:2], key+extension) }

// lock waits until nobody else compiles this program. Where there are no locks,
// programs may be compiled twice.
func (c *Cache) lock(key string) (unlock func()) {
	directory := filepath.Dir(c.path(key))
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return func() {}
	}
	// One for each of 256 parts, for files of locks must stay: who removes one takes
	// it away from those who wait for it.
	lock := flock.New(filepath.Join(directory, "lock"))
	if err := lock.Lock(); err != nil {
		return func() {}
	}
	return func() { lock.Close() }
}

// read returns what is kept under a key. What is damaged is removed.
func (c *Cache) read(key string) (executable []byte, ok bool) {
	path := c.path(key)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	begin := len(magic) + sha256.Size
	if len(content) > begin && bytes.HasPrefix(content, magic) {
		if sum := sha256.Sum256(content[begin:]); bytes.Equal(sum[:], content[len(magic):begin]) {
			now := time.Now()
			os.Chtimes(path, now, now) // for prune; where it cannot be, the file counts as old
			return content[begin:], true
		}
	}
	Repaired(fmt.Sprintf("A compiled program that was kept is damaged (%s), and compiled again.", path))
	c.remove(key)
	return nil, false
}

// write keeps an executable. A directory that cannot be written costs time, and no run.
func (c *Cache) write(key string, executable []byte) {
	file, err := atomicfile.Create(c.path(key))
	if err == nil {
		sum := sha256.Sum256(executable)
		for _, part := range [][]byte{magic, sum[:], executable} {
			if err == nil {
				_, err = file.Write(part)
			}
		}
		if err == nil {
			err = file.Commit()
		}
		file.Discard()
	}
	if err != nil {
		c.refused(err)
		return
	}
	if c.Limit > 0 {
		c.prune()
	}
}

// refused says why programs are not kept, once.
func (c *Cache) refused(err error) {
	c.once.Do(func() { warn("compiled programs are not kept: %v", err) })
}

func (c *Cache) remove(key string) { os.Remove(c.path(key)) }

// prune removes what was used longest ago until the rest is within the limit, and
// what processes that were killed left unfinished.
func (c *Cache) prune() {
	type entry struct {
		path string
		size int64
		used time.Time
	}
	var all []entry
	var total int64
	filepath.WalkDir(c.Dir, func(path string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return nil
		}
		info, err := found.Info()
		if err != nil {
			return nil
		}
		switch {
		case strings.HasSuffix(path, extension):
			all = append(all, entry{path, info.Size(), info.ModTime()})
			total += info.Size()
		case strings.HasPrefix(found.Name(), ".") && time.Since(info.ModTime()) > time.Hour:
			os.Remove(path)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path)) })
	for _, old := range all {
		if total <= c.Limit {
			return
		}
		if os.Remove(old.path) == nil {
			total -= old.size
		}
	}
}
