package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/record"
)

// Busy says that the store is in use, and so nothing may be removed from it.
type Busy struct {
	Dir string
}

func (b *Busy) Error() string {
	return fmt.Sprintf("the store %s is in use by another run; wait until it has ended", b.Dir)
}

// Unlisted says that a run of the list cannot be read. What it needs cannot be
// told, so nothing is removed.
type Unlisted struct {
	FullName string
	Err      error
}

func (u *Unlisted) Error() string {
	return fmt.Sprintf("what the run %s needs cannot be told, so nothing was removed: %v", u.FullName, u.Err)
}

func (u *Unlisted) Unwrap() error { return u.Err }

// CollectOptions say what Collect does beside what no run of the list needs.
type CollectOptions struct {
	// Young is the age up to which what no listed run needs stays all the same,
	// unless its run was removed from the list. 0: nothing stays for being young.
	Young time.Duration
	// DryRun has Collect say what it would take, and take nothing.
	DryRun bool
}

// Collection is what Collect took, or would take.
type Collection struct {
	Bytes int64 // freed
	// Runs are those that made what was taken, by their full names, sorted; ""
	// stands for stages whose run is not known.
	Runs       []CollectedRun
	Unfinished int   // directories of unfinished state of stages
	Quarantine int64 // bytes of what was damaged
	// Kept is how many stages are needed by none of the Listed runs, and stayed because they
	// are young; KeptBytes would be freed with them.
	Kept      int
	KeptBytes int64
	Listed    int
}

// CollectedRun is what Collect took of a run.
type CollectedRun struct {
	FullName string
	Stages   int
	Last     time.Time // when the last of its stages began
}

// Stages is how many stages' records were taken.
func (c *Collection) Stages() (n int) {
	for _, run := range c.Runs {
		n += run.Stages
	}
	return n
}

// Collect removes the records and scratch directories that no run of the list
// needs and that are not young, then the blobs and views that no record refers to
// any more, and all that is in quarantine. It needs the store for itself: while
// another process has it open or a Work of this one is not discarded, it removes
// nothing and the error is *Busy. What the runs need is read only then, so that a
// run that has just ended counts. A run that cannot be read is *Unlisted, and
// nothing is removed.
func (s *Store) Collect(options CollectOptions) (*Collection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("collect garbage: the store is closed")
	}
	if err := s.mayWrite(); err != nil {
		return nil, fmt.Errorf("collect garbage: %w", err)
	}
	if s.works > 0 {
		return nil, &Busy{s.dir}
	}
	// Our own shared lock would be in the way of the exclusive one.
	if err := s.use.Unlock(); err != nil {
		return nil, fmt.Errorf("collect garbage: %w", err)
	}
	alone, err := s.use.TryLock()
	if err == nil && !alone {
		err = &Busy{s.dir}
	}
	var collected *Collection
	if err == nil {
		collected, err = s.collect(options)
		err = errors.Join(err, s.use.Unlock())
	}
	if err := errors.Join(err, s.use.RLock()); err != nil {
		return nil, fmt.Errorf("collect garbage: %w", err)
	}
	return collected, nil
}

// garbage is what a store holds, sorted into what stays and what goes.
type garbage struct {
	Collection
	used    map[string]bool // digests that stay
	young   map[string]bool // digests that stay for a young record alone
	records []string        // paths that go
	scratch []string        // paths that go
}

func (s *Store) collect(options CollectOptions) (*Collection, error) {
	g, err := s.sort(options)
	if err != nil {
		return nil, err
	}
	remove := func(path string, bytes int64) error {
		g.Bytes += bytes
		if options.DryRun {
			return nil
		}
		s.verified.remove(path)
		return os.Remove(path)
	}
	removeAll := func(path string) (bytes int64, err error) {
		if bytes, err = treeSize(path); err != nil {
			return 0, err
		}
		g.Bytes += bytes
		if options.DryRun {
			return bytes, nil
		}
		return bytes, removeTree(path)
	}

	// Records go before what they refer to: a crash between the two leaves
	// blobs without a record, never a record without its blobs.
	for _, path := range g.records {
		if err := remove(path, 0); err != nil {
			return nil, err
		}
	}
	for _, path := range g.scratch {
		if _, err := removeAll(path); err != nil {
			return nil, err
		}
		g.Unfinished++
	}
	damaged, err := filepath.Glob(s.path(quarantineDir, "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range damaged {
		bytes, err := removeAll(path)
		if err != nil {
			return nil, err
		}
		g.Quarantine += bytes
	}
	views, err := filepath.Glob(s.path(viewsDir, "*", "*"))
	if err != nil {
		return nil, err
	}
	for _, view := range views {
		// A view's files are hard links, and free nothing by themselves.
		if !g.used[filepath.Base(view)] && !options.DryRun {
			if err := removeTree(view); err != nil {
				return nil, err
			}
		}
	}
	err = s.walk(blobsDir, func(path string, d fs.DirEntry) error {
		digest := filepath.Base(path)
		if g.used[digest] && !g.young[digest] {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if g.young[digest] {
			g.KeptBytes += info.Size()
			return nil
		}
		return remove(path, info.Size())
	})
	if err != nil || options.DryRun {
		return &g.Collection, err
	}
	// Nobody else is here, so every lock file was left by a crash; and what was
	// told of removed runs has been done.
	err = errors.Join(
		s.walk(keyLocksDir, func(path string, _ fs.DirEntry) error { return os.Remove(path) }),
		s.walk(runsDir, func(path string, _ fs.DirEntry) error {
			if filepath.Ext(path) == removedSuffix {
				return os.Remove(path)
			}
			return nil
		}),
	)
	return &g.Collection, err
}

// sort finds out what stays and what goes. If the needs of a run or of a live
// record cannot be told, it gives up: nothing is removed.
func (s *Store) sort(options CollectOptions) (*garbage, error) {
	g := &garbage{used: map[string]bool{}, young: map[string]bool{}}
	listed, err := s.Runs()
	if err != nil {
		return nil, err
	}
	removed, err := s.removedRuns()
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, one := range listed {
		if one.Err != nil {
			return nil, &Unlisted{one.FullName, one.Err}
		}
		for _, key := range one.Run.Keys() {
			live[key] = true
		}
	}
	g.Listed = len(listed)

	now := time.Now()
	runs := map[string]*CollectedRun{}
	youngNeeds := map[string]bool{}
	err = s.walk(recordsDir, func(path string, d fs.DirEntry) error {
		key, ok := keyOfFile(filepath.Base(path))
		if !ok {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		needed, young := live[key], now.Sub(info.ModTime()) < options.Young
		made, needs, err := s.needs(key)
		if err != nil && (needed || young) {
			return err
		}
		if !needed && young && made != nil && !removed[made.Run] {
			g.Kept++
			for _, digest := range needs {
				youngNeeds[digest] = true
			}
			return nil
		}
		if needed {
			for _, digest := range needs {
				g.used[digest] = true
			}
			return nil
		}
		g.records = append(g.records, path)
		if made != nil {
			run := runs[made.Run]
			if run == nil {
				run = &CollectedRun{FullName: made.Run}
				runs[made.Run] = run
			}
			run.Stages++
			if made.Started.After(run.Last) {
				run.Last = made.Started
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for digest := range youngNeeds {
		if !g.used[digest] {
			g.used[digest], g.young[digest] = true, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		g.Runs = append(g.Runs, *runs[name])
	}

	unfinished, err := os.ReadDir(s.path(scratchDir))
	if err != nil {
		return nil, err
	}
	for _, e := range unfinished {
		path := s.path(scratchDir, e.Name())
		if live[e.Name()] {
			continue
		}
		last, err := newest(path)
		if err != nil {
			return nil, err
		}
		if now.Sub(last) < options.Young {
			bytes, err := treeSize(path)
			if err != nil {
				return nil, err
			}
			g.Kept++
			g.KeptBytes += bytes
			continue
		}
		g.scratch = append(g.scratch, path)
	}
	return g, nil
}

// needs returns a record and the digests that it refers to. A damaged record is
// nil, and needs nothing any more.
func (s *Store) needs(key string) (*record.Record, []string, error) {
	var corrupt *Corrupt
	r, _, err := s.readRecord(key)
	if errors.As(err, &corrupt) {
		return nil, nil, nil
	}
	if r == nil || err != nil {
		return nil, nil, err
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
			return nil, nil, err
		}
		for _, e := range l.Files {
			digests = append(digests, e.SHA256)
		}
	}
	return r, digests, nil
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

// newest is when anything in a directory was last written.
func newest(dir string) (last time.Time, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return err
	})
	return last, err
}
