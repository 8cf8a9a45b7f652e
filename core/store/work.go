package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/core/record"
)

// Work is a temporary directory for the outputs of one stage. Write a file at
// File(name) or into Dir(name), then put it; when done, also after an error,
// Discard the rest. A Work is for one goroutine.
type Work struct {
	store     *Store
	dir       string
	err       error // the first misuse or failure of Dir and File; Put reports it
	discarded bool
}

// Work makes a fresh directory for the outputs of the stage with this key, on
// the store's own file system.
func (s *Store) Work(key string) (*Work, error) {
	if err := errors.Join(s.mayWrite(), checkKey(key)); err != nil {
		return nil, fmt.Errorf("make work directory: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("make work directory: the store is closed")
	}
	dir, err := os.MkdirTemp(s.session.dir, key[:min(len(key), 12)]+"-")
	if err != nil {
		return nil, fmt.Errorf("make work directory: %w", s.CheckSpace(err, 0))
	}
	s.works++
	return &Work{store: s, dir: dir}, nil
}

// File returns the path at which to write the file output of this name.
func (w *Work) File(name string) string {
	if !filepath.IsLocal(name) || filepath.Base(name) != name {
		w.err = errors.Join(w.err, fmt.Errorf("%q is not the name of an output: a plain file name without directories", name))
		name = "refused"
	}
	return filepath.Join(w.dir, name)
}

// Dir returns an empty directory to write the directory output of this name
// into; called again, the same directory. If it cannot be made, PutDir says so.
func (w *Work) Dir(name string) string {
	dir := w.File(name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("make output directory: %w", w.store.CheckSpace(err, 0)))
	}
	return dir
}

// PutFile moves the file at File(name) into the store. Nobody may have it open
// for writing any more. On an error nothing has been put.
func (w *Work) PutFile(name string) (record.Output, error) {
	path := w.File(name)
	if w.err != nil {
		return record.Output{}, w.err
	}
	digest, size, err := w.store.put(path)
	if err != nil {
		return record.Output{}, fmt.Errorf("put %s: %w", name, err)
	}
	return record.Output{Digest: digest, Bytes: size}, nil
}

// Discard removes what has not been put. It may be called more than once.
func (w *Work) Discard() error {
	if w.discarded {
		return nil
	}
	w.discarded = true
	w.store.mu.Lock()
	w.store.works--
	w.store.mu.Unlock()
	if err := removeTree(w.dir); err != nil {
		return fmt.Errorf("discard work: %w", err)
	}
	return nil
}
