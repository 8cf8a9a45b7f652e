package run

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/store"
)

// journalShare is what part of a run's time may go into writing its record: after a
// write, the next one waits this many times as long as that took. The key of a stage
// is in the record since the stage began, so that a kill loses at most the mention
// of stages that were shorter than that.
const journalShare = 10

// journal keeps the run's record in the list of runs up to date while the run goes
// on: who is killed has written what there was.
type journal struct {
	store    *store.Store
	describe func() *record.Run
	release  func()   // of the run's lock
	keeps    []string // keys that earlier tries of the run needed

	mu      sync.Mutex
	next    time.Time   // the earliest time of the next write
	pending *time.Timer // a write that is due
	closed  bool
}

// openJournal begins the run's record. What earlier tries of the run needed stays
// needed until the run is done. So does what a run needed that waited for people
// and that this one goes on with: its place is taken over.
func openJournal(s *store.Store, describe func() *record.Run) (*journal, error) {
	run := describe()
	release, err := s.HoldRun(run.FullName())
	if err != nil {
		return nil, err
	}
	j := &journal{store: s, describe: describe, release: release}
	before, err := j.before(run)
	if err == nil {
		err = j.write()
	}
	for _, one := range before {
		if err == nil {
			// One that is under way again, elsewhere, is listed for itself.
			if err = s.RemoveRun(one.FullName()); errors.As(err, new(*store.UnderWay)) {
				err = nil
			}
		}
	}
	if err != nil {
		release()
		return nil, err
	}
	return j, nil
}

// before takes over from earlier tries of the run and returns those that have
// another ID: they waited for the people whose answers this run has.
func (j *journal) before(run *record.Run) (waited []*record.Run, err error) {
	listed, err := j.store.Runs()
	if err != nil {
		return nil, err
	}
	for _, one := range listed {
		earlier := one.Run
		switch {
		case earlier == nil || earlier.Name != run.Name:
		case earlier.ID == run.ID:
			j.keeps = append(j.keeps, earlier.Keys()...)
		case earlier.Basis != "" && earlier.Basis == run.Basis && lackedAnswers(earlier):
			j.keeps = append(j.keeps, earlier.Keys()...)
			waited = append(waited, earlier)
			moveReport(earlier.Dir, run.Dir)
		}
	}
	return waited, nil
}

// lackedAnswers reports whether what people's files did not hold, or held wrongly, is
// all that kept a run from being done.
func lackedAnswers(run *record.Run) bool {
	if run.State != record.RunWaiting && run.State != record.RunFailed {
		return false
	}
	for _, variant := range run.Variants {
		for _, stage := range variant.Stages {
			answers := []record.Kind{record.KindRate, record.KindCompare, record.KindPrefer}
			if stage.Status == record.Failed && !slices.Contains(answers, stage.Kind) {
				return false
			}
		}
	}
	return true
}

// moveReport lets the report of a run that goes on under another ID go with it. A
// report can be made again from records: what cannot be moved is let be.
func moveReport(from, to string) {
	if from == "" || to == "" {
		return
	}
	if _, err := os.Lstat(to); err != nil {
		os.Rename(from, to)
	}
}

// changed has the record written soon.
func (j *journal) changed() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || j.pending != nil {
		return
	}
	j.pending = time.AfterFunc(max(0, time.Until(j.next)), func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.pending = nil
		if !j.closed {
			// What cannot be written now, on a full disk, is told at the end.
			j.put()
		}
	})
}

// write writes the record now.
func (j *journal) write() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.put()
}

func (j *journal) put() error {
	run := j.describe()
	if run.State != record.RunDone {
		run.Keeps = j.keeps
	}
	run.Updated = time.Now()
	began := time.Now()
	err := j.store.PutRun(run)
	took := time.Since(began)
	j.next = began.Add(took + journalShare*took)
	return err
}

// close writes how the run ended, and ends the journal.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	if j.pending != nil {
		j.pending.Stop()
	}
	err := j.put()
	j.release()
	if err != nil {
		return fmt.Errorf("write down how the run ended: %w", err)
	}
	return nil
}
