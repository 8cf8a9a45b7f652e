package track

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/events"
)

// How a Sender spends its time.
const (
	breath       = time.Second      // between two looks at the queue
	leastBetween = 5 * time.Second  // between two looks at the run's records
	workShare    = 20               // a look at the records waits this many times as long as one took
	mostPause    = time.Minute      // between two tries of what fails
	patience     = 30 * time.Second // at the end, without an answer
	mostBatch    = 1000             // points in one call
)

// Sender sends a run while it goes on.
type Sender struct {
	dir      string
	tracker  Tracker
	state    *State
	describe func() (*Run, error)
	warn     func(string)
	queue    *Queue
	reader   *reader
	skip     int      // points of the queue that an earlier process sent; -1: not known yet
	held     []queued // read, and not sent yet

	wake   chan struct{}
	cancel context.CancelFunc
	ended  chan struct{}

	mu     sync.Mutex
	begun  bool
	dirty  bool // records have come since they were last sent
	warned bool

	nextLook time.Time
	refused  error
}

// SenderOptions say what a Sender sends, and where.
type SenderOptions struct {
	Dir string // of the run: its queue and state are there
	// Tracker is where the run goes; nil: nowhere yet, and what trainings report stays in
	// the queue.
	Tracker Tracker
	State   *State // of the Tracker; it is written into Dir as it changes
	Places  Places
	// Describe says what the run is by now; nil and no error while it has no record.
	Describe func() (*Run, error)
	// Warn is told the first trouble, and no other.
	Warn func(text string)
}

// Start starts a Sender. It sends nothing before it hears that the run has begun.
func Start(o SenderOptions) *Sender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sender{
		dir: o.Dir, tracker: o.Tracker, state: o.State, describe: o.Describe, warn: o.Warn,
		reader: readQueue(o.Dir), skip: -1,
		wake: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{}),
	}
	s.queue = OpenQueue(o.Dir, o.Places, func(err error) {
		s.trouble(fmt.Errorf("what trainings report cannot be kept for the tracker: %w", err))
	})
	go s.loop(ctx)
	return s
}

// Receive hears of the events of one moment, as run.Events passes them on.
func (s *Sender) Receive(moment []events.Event) {
	for _, event := range moment {
		s.queue.Add(event)
		switch event.Kind {
		case events.RunBegun, events.StageEnded:
			s.mu.Lock()
			s.begun, s.dirty = true, true
			s.mu.Unlock()
			select {
			case s.wake <- struct{}{}:
			default:
			}
		}
	}
}

// trouble tells the first trouble.
func (s *Sender) trouble(err error) {
	s.mu.Lock()
	told := s.warned
	s.warned = true
	s.mu.Unlock()
	if !told && s.warn != nil {
		s.warn(err.Error())
	}
}

func (s *Sender) loop(ctx context.Context) {
	defer close(s.ended)
	if s.tracker == nil {
		return
	}
	pause := breath
	for {
		// A wake shortens no pause: it comes for every stage, and thousands of cached
		// ones end at once.
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-time.After(breath):
		}
		switch err := s.cycle(ctx); {
		case err == nil:
			pause = breath
		case ctx.Err() != nil:
			return
		case IsRefused(err):
			s.refused = err
			s.trouble(fmt.Errorf("%w. The run goes on, and nothing more is sent", err))
			return
		default:
			s.trouble(fmt.Errorf("%w. The run goes on, and it is tried again", err))
			pause = min(2*pause, mostPause)
		}
	}
}

// cycle sends what has come.
func (s *Sender) cycle(ctx context.Context) error {
	s.mu.Lock()
	begun, dirty := s.begun, s.dirty && !time.Now().Before(s.nextLook)
	if dirty {
		s.dirty = false
	}
	s.mu.Unlock()
	if !begun {
		return nil
	}
	if dirty {
		if err := s.look(ctx); err != nil {
			s.mu.Lock()
			s.dirty = true
			s.mu.Unlock()
			return err
		}
	}
	return s.pass(ctx)
}

// look sends what the records say by now. Curves of trainings that ended come from the
// queue, and at the end those that are not in it.
func (s *Sender) look(ctx context.Context) error {
	began := time.Now()
	run, err := s.describe()
	if err != nil || run == nil {
		return err
	}
	err = s.tracker.Send(ctx, withoutCurves(run))
	s.nextLook = time.Now().Add(max(leastBetween, workShare*time.Since(began)))
	s.save()
	return err
}

func withoutCurves(run *Run) *Run {
	copied := *run
	copied.Items = slices.Clone(run.Items)
	for i := range copied.Items {
		copied.Items[i].Curves = nil
	}
	return &copied
}

// pass passes points of the queue on to the tracker.
func (s *Sender) pass(ctx context.Context) error {
	if s.skip < 0 { // only now: a server that lost its runs has no points either
		s.skip = s.state.Points
	}
	for {
		more := false
		if len(s.held) == 0 {
			points, others, err := s.reader.next()
			if err != nil {
				return err
			}
			skipped := min(s.skip, len(points))
			s.skip -= skipped
			s.held, more = points[skipped:], others
		}
		for len(s.held) > 0 {
			batch := s.held[:min(mostBatch, len(s.held))]
			if err := appendAll(ctx, s.tracker, batch); err != nil {
				return err
			}
			s.held = s.held[len(batch):]
			s.state.Points += len(batch)
			s.save()
		}
		if !more {
			return nil
		}
	}
}

// appendAll sends points, item by item.
func appendAll(ctx context.Context, tracker Tracker, points []queued) error {
	var order []string
	byItem := map[string][]Point{}
	for _, point := range points {
		if byItem[point.item] == nil {
			order = append(order, point.item)
		}
		byItem[point.item] = append(byItem[point.item], point.Point)
	}
	for _, item := range order {
		if err := tracker.Append(ctx, item, byItem[item]); err != nil {
			return err
		}
	}
	return nil
}

// save writes the state down. What cannot be written is worked out again.
func (s *Sender) save() { s.state.write(s.dir) }

// Ended is how the tracking of a run ended.
type Ended struct {
	Unsent Amount
	Err    error // why; nil: all was sent
	Notes  []string
	Link   string
}

// Stop ends the Sender, and sends nothing more.
func (s *Sender) Stop() {
	s.cancel()
	<-s.ended
	s.queue.Close()
}

// Finish ends the Sender and sends what is left of the run as it came out, for as long
// as the tracker keeps answering, and no longer than ctx lasts.
func (s *Sender) Finish(ctx context.Context, final *Run) Ended {
	s.cancel()
	<-s.ended
	lost := s.queue.Close()
	var ended Ended
	if s.tracker == nil {
		return Ended{Err: errors.New("it has no address")}
	}
	if s.refused != nil {
		ended.Err = s.refused
	} else {
		ended.Err = s.rest(ctx, final)
	}
	ended.Notes, ended.Link = s.tracker.Notes(), s.tracker.Link()
	if lost > 0 {
		ended.Notes = append(ended.Notes, fmt.Sprintf("%d points of curves could not be kept on disk while the run went on; those of finished trainings are in the store.", lost))
	}
	if ended.Err != nil {
		ended.Unsent = s.tracker.Unsent(final)
		ended.Unsent.Points += len(s.held)
		for {
			points, more, err := s.reader.next()
			ended.Unsent.Points += len(points)
			if err != nil || !more {
				break
			}
		}
	}
	return ended
}

// rest sends what is left, as long as it gets on.
func (s *Sender) rest(ctx context.Context, final *Run) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	go func() {
		answers := s.tracker.Answers()
		for {
			select {
			case <-done:
				return
			case <-time.After(patience):
			}
			now := s.tracker.Answers()
			if now == answers {
				cancel()
				return
			}
			answers = now
		}
	}()
	err := s.tracker.Send(ctx, withoutCurves(final))
	if err == nil {
		err = s.pass(ctx)
	}
	if err == nil {
		err = s.tracker.Send(ctx, final)
	}
	s.save()
	return err
}

// Again sends what a tracker lacks of a run, whether or not it was sent before, reads it
// back, and says what differs.
func Again(ctx context.Context, dir string, tracker Tracker, state *State, run *Run) (Comparison, error) {
	if err := tracker.Send(ctx, withoutCurves(run)); err != nil {
		return Comparison{}, err
	}
	further := map[string][]Point{}
	reader, sent := readQueue(dir), 0
	for {
		points, more, err := reader.next()
		if err != nil {
			return Comparison{}, err
		}
		for batch := range slices.Chunk(points, mostBatch) {
			if err := appendAll(ctx, tracker, batch); err != nil {
				return Comparison{}, err
			}
		}
		for _, point := range points {
			further[point.item] = append(further[point.item], point.Point)
		}
		if sent += len(points); !more {
			break
		}
	}
	if err := tracker.Send(ctx, run); err != nil {
		return Comparison{}, err
	}
	state.Points = sent
	comparison, err := tracker.Compare(ctx, run, further)
	if err == nil && len(comparison.Wrong) > 0 { // such as a file that was removed there
		if err = tracker.Send(ctx, run); err == nil {
			comparison, err = tracker.Compare(ctx, run, further)
		}
	}
	state.write(dir) // what cannot be written is sent again
	return comparison, err
}
