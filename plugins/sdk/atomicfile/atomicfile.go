// Package atomicfile writes files whole or not at all: under a temporary name
// beside the path, then renamed. A reader, and a process that is killed, meets
// the old file or the new one.
//
// It is ours because google/renameio does not build on every system that a
// plugin may be built for, and syncs what the store syncs again.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// File is a file that is being written. Nothing is at its path before Commit.
type File struct {
	*os.File
	path string
	done bool
}

// Create begins a file in the directory of its path, which must exist. Others
// may read it. End it by Commit or Discard.
func Create(path string) (*File, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	f := &File{File: file, path: path}
	if err := file.Chmod(0o644); err != nil {
		return nil, errors.Join(err, f.Discard())
	}
	return f, nil
}

// Commit closes the file and puts it at its path; after an error nothing is
// left of it. A file that has to outlive a power cut is synced before (Sync):
// the name may reach the disk before the content.
func (f *File) Commit() error {
	if f.done {
		return os.ErrClosed
	}
	f.done = true
	err := f.Close()
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
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

// Write writes a whole file and syncs it.
func Write(path string, content []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.File.Write(content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Commit()
}
