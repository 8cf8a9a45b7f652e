package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
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
	Name   string `json:"name"`   // what is wrong, such as "blob 3f2a…"
	Detail string `json:"detail"` // how, and where it has been moved to
	// Made are the stages whose output it is, Read those that read it, sorted: records
	// in the store. A stage is recorded only when what it read was intact before and
	// after it worked, so that those of Read are right all the same.
	Made []Stage `json:"made"`
	Read []Stage `json:"read"`
}

// Stage is a stage with a record in the store.
type Stage struct {
	Node string `json:"node"`
	Key  string `json:"key"`
}

// Verify reads every blob, record and sealed file of unfinished state and compares
// them with their names and checksums. What is damaged is moved away as on any other
// use, so that the stages concerned run again; each is a Problem. What cannot be read
// is one, too, and no reason to stop. Views are not looked at: they are checked when
// used. Progress, if not nil, is called from this goroutine. The error is that of ctx,
// or of the file system when it does not even list the store.
func (s *Store) Verify(ctx context.Context, progress func(done, total int)) ([]Problem, error) {
	var blobs, keys, unfinished []string
	var problems []Problem
	list := func(part string, name func(base string) (string, bool), into *[]string) error {
		return s.walk(part, func(path string, _ fs.DirEntry) error {
			if n, ok := name(filepath.Base(path)); ok {
				*into = append(*into, n)
			} else {
				problems = append(problems, Problem{Name: path, Detail: "is nothing that the store has put there; remove it by hand"})
			}
			return nil
		})
	}
	blobOf := func(base string) (string, bool) { return base, checkDigest(base) == nil }
	err := errors.Join(
		list(blobsDir, blobOf, &blobs),
		list(recordsDir, keyOfFile, &keys),
		s.walk(scratchDir, func(path string, _ fs.DirEntry) error {
			unfinished = append(unfinished, path)
			return nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("verify store: %w", err)
	}
	// Who refers to what is read before anything is moved away.
	who := s.references(keys)

	done, total := 0, len(blobs)+len(keys)+len(unfinished)
	check := func(name, digest string, one func() error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := one()
		var corrupt *Corrupt
		switch {
		case errors.As(err, &corrupt):
			problem := problemOf(corrupt)
			problem.Made, problem.Read = who.made[digest], who.read[digest]
			problems = append(problems, problem)
		case err != nil:
			problems = append(problems, Problem{Name: name, Detail: "cannot be checked: " + err.Error(), Made: who.made[digest], Read: who.read[digest]})
		}
		done++
		if progress != nil {
			progress(done, total)
		}
		return nil
	}
	for _, digest := range blobs {
		if err := check(blobName(digest), digest, func() error {
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
		if err := check("record "+key, "", func() error {
			_, err := s.Record(key)
			return err
		}); err != nil {
			return problems, err
		}
	}
	listed, err := s.Runs()
	if err != nil {
		return problems, fmt.Errorf("verify store: %w", err)
	}
	for _, one := range listed {
		// It stays where it is: as long as it is in the list, what it needs is not
		// collected.
		if errors.Is(one.Err, record.ErrCorrupt) {
			problems = append(problems, Problem{Name: "run " + one.FullName, Detail: "is damaged; running it again writes it anew, and `plumb runs rm` takes it from the list"})
		}
	}
	for _, path := range unfinished {
		if err := check(path, "", func() error {
			info, err := os.Lstat(path)
			if err != nil {
				return nil // its stage goes on, or has ended
			}
			is, intact, err := sealed.Sealed(path)
			if !is || intact || errors.Is(err, os.ErrNotExist) {
				return nil
			}
			return s.quarantine("unfinished state "+path, path, info, "has other content than was put there")
		}); err != nil {
			return problems, err
		}
	}
	return problems, nil
}

// references are the stages that made and read a digest.
type references struct{ made, read map[string][]Stage }

// references looks through the records of these keys. What is damaged refers to
// nothing.
func (s *Store) references(keys []string) references {
	who := references{map[string][]Stage{}, map[string][]Stage{}}
	parts := map[string][]string{} // the files of a directory, by its digest
	add := func(to map[string][]Stage, digest string, stage Stage) {
		for _, d := range append([]string{digest}, parts[digest]...) {
			to[d] = append(to[d], stage)
		}
	}
	var all []*record.Record
	for _, key := range keys {
		b, err := os.ReadFile(s.recordPath(key))
		if err != nil {
			continue
		}
		r, err := record.Decode(b)
		if err != nil {
			continue
		}
		all = append(all, r)
		for _, o := range r.Outputs {
			if !o.Dir || parts[o.Digest] != nil {
				continue
			}
			if b, err := os.ReadFile(s.blobPath(o.Digest)); err == nil {
				if l, err := parseListing(b); err == nil {
					for _, e := range l.Files {
						parts[o.Digest] = append(parts[o.Digest], e.SHA256)
					}
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b *record.Record) int { return strings.Compare(a.Node, b.Node) })
	for _, r := range all {
		stage := Stage{r.Node, r.Key}
		for _, role := range slices.Sorted(maps.Keys(r.Outputs)) {
			add(who.made, r.Outputs[role].Digest, stage)
		}
		for _, digest := range r.Inputs() {
			add(who.read, digest, stage)
		}
	}
	return who
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
