// Package atomicfile writes files whole or not at all: under a temporary name
// beside the path, synced, renamed, and the directory synced. A reader, a process
// that is killed and a machine that loses its power meet the old file or the new
// one. It is the one place where Plumb gives a file a name that is to last.
//
// It is ours because google/renameio does not build on every system that a
// plugin may be built for, and does not sync the directory.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// File is a file that is being written. Nothing is at its path before Commit.
type File struct {
	*os.File
	path string
	done bool
}

// temporary is the end of a temporary name, by which Sweep knows those of this
// process.
func temporary() string { return fmt.Sprintf(".%d~", os.Getpid()) }

// Create begins a file in the directory of its path, which must exist. Others
// may read it. End it by Commit or Discard.
func Create(path string) (*File, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*"+temporary())
	if err != nil {
		return nil, err
	}
	f := &File{File: file, path: path}
	if err := file.Chmod(0o644); err != nil {
		return nil, errors.Join(err, f.Discard())
	}
	return f, nil
}

// Commit syncs the file, closes it and puts it at its path, for good; after an
// error the path holds what it did before, and nothing is left of the file.
func (f *File) Commit() error {
	if f.done {
		return os.ErrClosed
	}
	f.done = true
	err := f.Sync() // the name may reach the disk before the content
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncDir(filepath.Dir(f.path))
}

// Discard closes the file and leaves nothing behind. After Commit or Discard it
// does nothing, so that it can be deferred.
func (f *File) Discard() error {
	if f.done {
		return nil
	}
	f.done = true
	f.Close()
	return os.Remove(f.Name())
}

// Write writes a whole file.
func Write(path string, content []byte) error {
	return WriteBy(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// WriteBy writes a whole file by a function. When that fails the path holds what it did
// before.
func WriteBy(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}

// Rename gives a file that is whole another name, on the same file system, and
// makes content and name last.
func Rename(from, to string) error {
	f, err := os.OpenFile(from, os.O_RDWR, 0) // some systems sync only what is open for writing
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// MkdirAll is os.MkdirAll, and makes what it has made last.
func MkdirAll(dir string, mode os.FileMode) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent, mode); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	} else if info, statErr := os.Stat(dir); err != nil && (statErr != nil || !info.IsDir()) {
		return err
	}
	return SyncDir(parent)
}

// SweepAbandoned removes what processes of this machine that have ended had begun in a
// directory: they were killed.
func SweepAbandoned(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var failed error
	for _, entry := range entries {
		rest, ours := strings.CutSuffix(entry.Name(), "~")
		if !ours || entry.IsDir() || !strings.HasPrefix(rest, ".") {
			continue
		}
		number, err := strconv.Atoi(rest[strings.LastIndexByte(rest, '.')+1:])
		if err != nil || number <= 0 || running(number) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// running reports whether there is a process of a number.
func running(number int) bool {
	process, err := os.FindProcess(number)
	if err != nil {
		return false
	}
	defer process.Release()
	err = process.Signal(syscall.Signal(0))
	return err == nil || !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}

// Sweep removes what this process has begun below a directory and not ended, for
// when it ends at once.
func Sweep(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && strings.HasSuffix(entry.Name(), temporary()) {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}
