package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Usage returns how many blobs the store holds and their size.
func (s *Store) Usage() (blobs int, bytes int64, err error) {
	err = s.walk(blobsDir, func(path string, d fs.DirEntry) error {
		info, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		blobs++
		bytes += info.Size()
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("measure store: %w", err)
	}
	return blobs, bytes, nil
}

// Problem is one finding of Verify.
type Problem struct {
	Name   string // what is wrong, such as "blob 3f2a…"
	Detail string // how, and where it has been moved to
}

// Verify reads every blob and record and compares them with their names and
// checksums. What is damaged is moved away as on any other use, so that the
// stages concerned run again; each is a Problem. Views are not looked at: they
// are checked when used. Progress, if not nil, is called from this goroutine.
func (s *Store) Verify(ctx context.Context, progress func(done, total int)) ([]Problem, error) {
	var blobs, keys []string
	var problems []Problem
	list := func(part string, name func(base string) (string, bool), into *[]string) error {
		return s.walk(part, func(path string, _ fs.DirEntry) error {
			if n, ok := name(filepath.Base(path)); ok {
				*into = append(*into, n)
			} else {
				problems = append(problems, Problem{path, "is nothing that the store has put there; remove it by hand"})
			}
			return nil
		})
	}
	blobOf := func(base string) (string, bool) { return base, checkDigest(base) == nil }
	if err := list(blobsDir, blobOf, &blobs); err != nil {
		return nil, fmt.Errorf("verify store: %w", err)
	}
	if err := list(recordsDir, keyOfFile, &keys); err != nil {
		return nil, fmt.Errorf("verify store: %w", err)
	}

	done, total := 0, len(blobs)+len(keys)
	check := func(one func() error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := one()
		var corrupt *Corrupt
		if errors.As(err, &corrupt) {
			problems = append(problems, problemOf(corrupt))
			err = nil
		}
		done++
		if progress != nil {
			progress(done, total)
		}
		return err
	}
	for _, digest := range blobs {
		if err := check(func() error {
			path := s.blobPath(digest)
			if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
				return nil // moved away meanwhile
			}
			s.verified.remove(path)
			_, err := s.blob(digest, anySize)
			return err
		}); err != nil {
			return problems, err
		}
	}
	for _, key := range keys {
		if err := check(func() error {
			_, err := s.Record(key)
			return err
		}); err != nil {
			return problems, err
		}
	}
	return problems, nil
}

func problemOf(c *Corrupt) Problem {
	detail := c.Reason
	if c.Moved != "" {
		detail += ", moved to " + c.Moved
	}
	return Problem{Name: c.Name, Detail: detail}
}

func keyOfFile(base string) (string, bool) {
	key, ok := strings.CutSuffix(base, ".json")
	return key, ok && checkKey(key) == nil
}

// walk visits the files below a part of the store.
func (s *Store) walk(part string, visit func(path string, d fs.DirEntry) error) error {
	return filepath.WalkDir(s.path(part), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		return visit(path, d)
	})
}
