package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Busy says that the store is in use, and so nothing may be removed from it.
type Busy struct {
	Dir string
}

func (b *Busy) Error() string {
	return fmt.Sprintf("the store %s is in use by another run; wait until it has ended", b.Dir)
}

// Collect removes the records and scratch directories whose keys are not live,
// then the blobs and views that no record refers to any more, and all that is
// in quarantine. It returns the bytes freed. It needs the store for itself:
// while another process has it open or a Work of this one is not discarded, it
// removes nothing and the error is *Busy.
func (s *Store) Collect(live func(key string) bool) (freed int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errors.New("collect garbage: the store is closed")
	}
	if s.works > 0 {
		return 0, &Busy{s.dir}
	}
	// Our own shared lock would be in the way of the exclusive one.
	if err := s.use.Unlock(); err != nil {
		return 0, fmt.Errorf("collect garbage: %w", err)
	}
	alone, err := s.use.TryLock()
	if err == nil && !alone {
		err = &Busy{s.dir}
	}
	if err == nil {
		freed, err = s.collect(live)
		err = errors.Join(err, s.use.Unlock())
	}
	if err := errors.Join(err, s.use.RLock()); err != nil {
		return freed, fmt.Errorf("collect garbage: %w", err)
	}
	return freed, nil
}

func (s *Store) collect(live func(key string) bool) (freed int64, err error) {
	used, dead, err := s.sort(live)
	if err != nil {
		return 0, err
	}
	remove := func(path string, bytes int64) error {
		s.verified.remove(path)
		if err := os.Remove(path); err != nil {
			return err
		}
		freed += bytes
		return nil
	}

	// Records go before what they refer to: a crash between the two leaves
	// blobs without a record, never a record without its blobs.
	for _, path := range dead {
		if err := remove(path, 0); err != nil {
			return freed, err
		}
	}
	for _, part := range []string{scratchDir, quarantineDir} {
		entries, err := os.ReadDir(s.path(part))
		if err != nil {
			return freed, err
		}
		for _, e := range entries {
			if part == scratchDir && live(e.Name()) {
				continue
			}
			bytes, err := treeSize(s.path(part, e.Name()))
			if err != nil {
				return freed, err
			}
			if err := removeTree(s.path(part, e.Name())); err != nil {
				return freed, err
			}
			freed += bytes
		}
	}
	views, err := filepath.Glob(s.path(viewsDir, "*", "*"))
	if err != nil {
		return freed, err
	}
	for _, view := range views {
		if !used[filepath.Base(view)] {
			if err := removeTree(view); err != nil {
				return freed, err
			}
		}
	}
	err = s.walk(blobsDir, func(path string, d fs.DirEntry) error {
		if used[filepath.Base(path)] {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return remove(path, info.Size())
	})
	if err != nil {
		return freed, err
	}
	// Nobody else is here, so every lock file was left by a crash.
	err = s.walk(keyLocksDir, func(path string, _ fs.DirEntry) error { return remove(path, 0) })
	return freed, err
}

// sort finds out which blobs live records refer to, and which records are dead.
// If the needs of a live record cannot be told, it gives up: nothing is removed.
func (s *Store) sort(live func(key string) bool) (used map[string]bool, dead []string, err error) {
	used = map[string]bool{}
	err = s.walk(recordsDir, func(path string, _ fs.DirEntry) error {
		key, ok := keyOfFile(filepath.Base(path))
		if !ok {
			return nil
		}
		if !live(key) {
			dead = append(dead, path)
			return nil
		}
		needs, err := s.needs(key)
		for _, digest := range needs {
			used[digest] = true
		}
		return err
	})
	return used, dead, err
}

// needs lists the digests that the record of this key refers to. A damaged
// record needs nothing any more.
func (s *Store) needs(key string) ([]string, error) {
	var corrupt *Corrupt
	r, _, err := s.readRecord(key)
	if errors.As(err, &corrupt) {
		return nil, nil
	}
	if r == nil || err != nil {
		return nil, err
	}
	var digests []string
	for _, o := range r.Outputs {
		digests = append(digests, o.Digest)
		if !o.Dir {
			continue
		}
		l, err := s.listing(o)
		if errors.As(err, &corrupt) {
			continue
		} else if err != nil {
			return nil, err
		}
		for _, e := range l.Files {
			digests = append(digests, e.SHA256)
		}
	}
	return digests, nil
}

func treeSize(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}
