package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/plumb-ml/plumb/core/record"
)

// ReadOnly says that a store cannot be written to, and so nothing can be run with
// it. Read opens it all the same.
type ReadOnly struct {
	Dir string
	Err error
}

func (r *ReadOnly) Error() string {
	return fmt.Sprintf("it cannot be written to, so no stage can be run with it; what is in it can be planned with, reported, explained and exported (%v)", r.Err)
}

func (r *ReadOnly) Unwrap() error { return r.Err }

func isReadOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// Read opens the store in a directory for reading alone, also one that cannot be
// written to, or belongs to somebody else. It creates nothing, and what is found
// damaged stays where it is. A directory that is not there reads as a store with
// nothing in it.
//
// Methods that put, lock, make or remove something return an error.
func Read(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	s := &Store{dir: dir, readOnly: true}
	if err := s.read(); err != nil {
		return nil, fmt.Errorf("read store %s: %w", dir, err)
	}
	return s, nil
}

func (s *Store) read() error {
	// While the store is read, nobody may collect. Where there is no lock to hold,
	// or it may not be held, nobody collects from here either.
	s.use = flock.New(s.path(locksDir, "use"), flock.SetFlag(os.O_RDONLY))
	content, err := os.ReadFile(s.path(formatFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && !s.looksWhole():
		return s.readEmpty()
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	// One that is damaged or gone is mended by who opens the store to write.
	if err := parseFormat(string(content)); err != nil && !(errors.Is(err, errFormat) && s.looksWhole()) {
		return err
	}
	if err := s.use.RLock(); err != nil && !errors.Is(err, fs.ErrNotExist) && !isReadOnly(err) && !errors.Is(err, errors.ErrUnsupported) {
		return lockError(err)
	}
	return nil
}

// readEmpty accepts a directory that is not there, or in which a store is not made
// yet.
func (s *Store) readEmpty() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		return fmt.Errorf("the directory is no store: it holds other files, such as %s", entry.Name())
	}
	return nil
}

// IsStore reports whether there is a store in a directory.
func IsStore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, formatFile))
	return err == nil || !errors.Is(err, fs.ErrNotExist)
}

// Writable reports whether the store was opened by Open, not by Read.
func (s *Store) Writable() bool { return !s.readOnly }

// mayWrite is the error of what a store that was opened by Read does not do.
func (s *Store) mayWrite() error {
	if s.readOnly {
		return &ReadOnly{Dir: s.dir, Err: errors.New("it is open for reading alone")}
	}
	return nil
}

// Member is a file of a directory output.
type Member struct {
	Path string // relative, with the system's separators
	File string // where its content is; only read it
}

// Members lists the files of a directory output, intact, without making a
// directory of them as Directory does.
func (s *Store) Members(o record.Output) ([]Member, error) {
	if !o.Dir {
		return nil, fmt.Errorf("output %s is a file, not a directory", o.Digest)
	}
	l, err := s.listing(o)
	if err != nil {
		return nil, err
	}
	members := make([]Member, len(l.Files))
	for i, e := range l.Files {
		path, err := s.blob(e.SHA256, e.Bytes)
		if err != nil {
			return nil, fmt.Errorf("file %s of directory %s: %w", e.Path, o.Digest, err)
		}
		members[i] = Member{Path: filepath.FromSlash(e.Path), File: path}
	}
	return members, nil
}
