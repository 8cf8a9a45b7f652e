package store

import (
	"errors"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Scratch returns a directory for unfinished state of the stage with this key:
// what a try that is killed leaves there, the next try finds, in this process
// or another. Hold the key's Lock while using it.
func (s *Store) Scratch(key string) (string, error) {
	if err := errors.Join(s.mayWrite(), checkKey(key)); err != nil {
		return "", fmt.Errorf("make scratch directory: %w", err)
	}
	dir := s.path(scratchDir, key)
	if err := atomicfile.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("make scratch directory: %w", s.CheckSpace(err, 0))
	}
	return dir, nil
}

// DropScratch removes the scratch directory of the stage with this key, if
// there is one.
func (s *Store) DropScratch(key string) error {
	if err := errors.Join(s.mayWrite(), checkKey(key)); err != nil {
		return fmt.Errorf("drop scratch directory: %w", err)
	}
	if err := s.discard(s.path(scratchDir, key)); err != nil {
		return fmt.Errorf("drop scratch directory: %w", err)
	}
	return nil
}

// ScratchPath is where the unfinished state of the stage with this key is, if there is
// any, for looking at it while the stage works: it may go at any moment.
func (s *Store) ScratchPath(key string) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	return s.path(scratchDir, key), nil
}
