package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// session is a living process's own corner under work.
type session struct {
	dir  string
	lock *flock.Flock // held as long as the process lives
}

const sessionLockSuffix = ".lock"

// signOn makes the session and removes those of the dead. Signing on is
// serialised: between creating a session's lock file and holding its lock,
// another process would take it for a dead one's.
func (s *Store) signOn() error {
	door := newLock(s.path(locksDir, "sessions"))
	if err := door.Lock(); err != nil {
		return lockError(err)
	}
	defer door.Close()

	if err := s.removeDead(); err != nil {
		return fmt.Errorf("remove unfinished work of ended processes: %w", err)
	}
	dir := s.path(workDir, rand.Text())
	lock := newLock(dir + sessionLockSuffix)
	if held, err := lock.TryLock(); err != nil {
		return lockError(err)
	} else if !held {
		return fmt.Errorf("%s is locked by another process", lock.Path())
	}
	s.session = session{dir: dir, lock: lock}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return errors.Join(err, s.session.signOff())
	}
	return nil
}

func (s *Store) removeDead() error {
	entries, err := os.ReadDir(s.path(workDir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		id := strings.TrimSuffix(e.Name(), sessionLockSuffix)
		dir := s.path(workDir, id)
		lock := newLock(dir + sessionLockSuffix)
		held, err := lock.TryLock()
		if err != nil {
			return lockError(err)
		}
		if !held {
			continue
		}
		if err := (session{dir: dir, lock: lock}).signOff(); err != nil {
			return err
		}
	}
	return nil
}

// signOff removes the session. The lock goes last, so that what a crash leaves
// here is still known to be a dead process's.
func (s session) signOff() error {
	err := removeTree(s.dir)
	if err == nil {
		err = os.Remove(s.lock.Path())
	}
	return errors.Join(err, s.lock.Close())
}

// removeTree removes a directory and all in it, also where a plugin has left
// directories that cannot be written to.
func removeTree(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			os.Chmod(path, 0o777)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// discard empties a place in the store at once: the tree is first renamed into
// the session, so that nobody ever sees half of it.
func (s *Store) discard(path string) error {
	trash, err := os.MkdirTemp(s.session.dir, "trash-")
	if err != nil {
		return err
	}
	err = os.Rename(path, filepath.Join(trash, "tree"))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, removeTree(trash))
}
