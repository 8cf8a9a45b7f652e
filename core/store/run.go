package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/plumb-ml/plumb/core/record"
)

// What is in runsDir, by the full name of a run.
const (
	runSuffix     = ".json"
	runLockSuffix = ".lock"
	removedSuffix = ".removed"
)

// ListedRun is a run of the list.
type ListedRun struct {
	FullName string
	Run      *record.Run // with the state that it has now; nil if Err is not
	// Err is why the run cannot be read: it is damaged, or of another version of Plumb.
	Err error
}

// UnderWay says that a run is under way in another process, and cannot be removed.
type UnderWay struct{ FullName string }

func (u *UnderWay) Error() string {
	return fmt.Sprintf("%s is under way; stop it first", u.FullName)
}

func checkRunName(fullName string) error {
	if fullName == "" || filepath.Base(fullName) != fullName || !filepath.IsLocal(fullName) || strings.HasPrefix(fullName, ".") {
		return fmt.Errorf("%q is not the name of a run", fullName)
	}
	return nil
}

func (s *Store) runPath(fullName, suffix string) string { return s.path(runsDir, fullName+suffix) }

// PutRun writes a run's place in the list, in the place of what was written of it
// before.
func (s *Store) PutRun(run *record.Run) error {
	name := run.FullName()
	err := errors.Join(s.mayWrite(), checkRunName(name))
	if err == nil {
		err = s.putRun(name, run)
	}
	if err != nil {
		return fmt.Errorf("write down run %s: %w", name, s.CheckSpace(err, 0))
	}
	if err := os.Remove(s.runPath(name, removedSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list run %s again: %w", name, err)
	}
	return nil
}

// putRun writes a run's record, at the end also on a disk that has become full since
// the first time: what a run came to must not be lost for a few kilobytes. Before
// the end, stages that are under way would take what is given free.
func (s *Store) putRun(name string, run *record.Run) error {
	content, err := record.EncodeRun(run)
	if err != nil {
		return err
	}
	s.runs.Lock()
	defer s.runs.Unlock()
	reserve := filepath.Join(s.session.dir, "reserve-"+name)
	err = s.placeRun(name, content)
	if err != nil && isFull(err) && run.State != record.RunRunning && os.Remove(reserve) == nil {
		return s.placeRun(name, content)
	}
	if _, missing := os.Lstat(reserve); err == nil && errors.Is(missing, fs.ErrNotExist) {
		// A record grows by keys and by what failed. The bytes are random: a file
		// system that compresses would reserve nothing for zeros.
		space := make([]byte, reserveTimes*len(content)+reserveBytes)
		rand.Read(space)
		if os.WriteFile(reserve, space, 0o644) != nil {
			os.Remove(reserve)
		}
	}
	return err
}

// What is reserved for a run's record: a multiple of its size, and a fixed part.
const reserveTimes, reserveBytes = 3, 16 << 10

// placeRun puts a run's record in its place, at once or not at all.
func (s *Store) placeRun(name string, content []byte) error {
	path, err := s.temporary(s.session.dir, content)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	if _, _, err := settle(path); err != nil {
		return err
	}
	return s.place(path, s.runPath(name, runSuffix))
}

// Run returns a run of the list by its full name, or nil if it is not there.
func (s *Store) Run(fullName string) (*record.Run, error) {
	if err := checkRunName(fullName); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(s.runPath(fullName, runSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	run, err := record.DecodeRun(content)
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", fullName, err)
	}
	if run.FullName() != fullName {
		return nil, fmt.Errorf("read run %s: %w: it is that of %s", fullName, record.ErrCorrupt, run.FullName())
	}
	if run.State == record.RunRunning && !s.underWay(fullName) {
		run.State = record.RunKilled
	}
	return run, nil
}

// Runs lists all runs, the one that was begun last first, and those that cannot be
// read before all others.
func (s *Store) Runs() ([]ListedRun, error) {
	entries, err := os.ReadDir(s.path(runsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var all []ListedRun
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), runSuffix)
		if !ok || strings.HasPrefix(name, ".") {
			continue
		}
		run, err := s.Run(name)
		if run == nil && err == nil {
			continue // removed meanwhile
		}
		all = append(all, ListedRun{FullName: name, Run: run, Err: err})
	}
	slices.SortStableFunc(all, func(a, b ListedRun) int {
		switch {
		case a.Run == nil && b.Run == nil:
			return 0
		case a.Run == nil:
			return -1
		case b.Run == nil:
			return 1
		}
		return b.Run.Started.Compare(a.Run.Started)
	})
	return all, nil
}

// HoldRun says that a run is under way, until release or the end of the process.
// Several processes may have one run under way at once.
func (s *Store) HoldRun(fullName string) (release func(), err error) {
	if err := errors.Join(s.mayWrite(), checkRunName(fullName)); err != nil {
		return nil, fmt.Errorf("begin run: %w", err)
	}
	for {
		lock := newLock(s.runPath(fullName, runLockSuffix))
		if err := lock.RLock(); err != nil {
			return nil, fmt.Errorf("begin run %s: %w", fullName, s.CheckSpace(lockError(err), 0))
		}
		if stillThere(lock) {
			return func() { lock.Close() }, nil
		}
		lock.Close()
	}
}

// underWay reports whether a process has the run under way.
func (s *Store) underWay(fullName string) bool {
	lock := flock.New(s.runPath(fullName, runLockSuffix), flock.SetFlag(os.O_RDONLY))
	defer lock.Close()
	free, err := lock.TryLock()
	return err == nil && !free
}

// RemoveRun takes a run from the list. What it made stays until nothing else needs
// it and Collect runs. A run that cannot be read is removed like any other; one that
// is under way is not: the error is *UnderWay.
func (s *Store) RemoveRun(fullName string) error {
	if err := errors.Join(s.mayWrite(), checkRunName(fullName)); err != nil {
		return fmt.Errorf("remove run: %w", err)
	}
	lock := newLock(s.runPath(fullName, runLockSuffix))
	defer lock.Close()
	alone, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("remove run %s: %w", fullName, lockError(err))
	}
	if !alone {
		return &UnderWay{fullName}
	}
	err = os.Remove(s.runPath(fullName, runSuffix))
	if err == nil {
		err = os.WriteFile(s.runPath(fullName, removedSuffix), nil, 0o644)
	}
	if err := errors.Join(err, os.Remove(lock.Path())); err != nil {
		return fmt.Errorf("remove run %s: %w", fullName, err)
	}
	return nil
}

// removedRuns are the full names of runs that were removed from the list since
// garbage was last collected.
func (s *Store) removedRuns() (map[string]bool, error) {
	entries, err := os.ReadDir(s.path(runsDir))
	if err != nil {
		return nil, fmt.Errorf("list removed runs: %w", err)
	}
	removed := map[string]bool{}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), removedSuffix); ok {
			removed[name] = true
		}
	}
	return removed, nil
}
