package client

import (
	"context"
	"sync"
	"time"
)

// watch waits for a sign of life. It counts its own ticks in the place of a clock's
// time: while this process is stopped, or its machine suspended, time goes on and
// nobody could hear anything. After such a gap the count begins anew.
type watch struct {
	patience time.Duration
	tick     time.Duration
	expired  func() // called once, on a goroutine of the watch
	done     chan struct{}
	closing  sync.Once

	mu      sync.Mutex
	waiting bool
	waited  time.Duration
}

// newWatch makes a watch that waits for nothing yet. Close it.
func newWatch(patience time.Duration, expired func()) *watch {
	w := &watch{patience: patience, tick: max(patience/20, time.Millisecond), expired: expired, done: make(chan struct{})}
	go w.run()
	return w
}

// begin has the watch wait, from now on.
func (w *watch) begin() { w.set(true) }

// stop has the watch wait for nothing.
func (w *watch) stop() { w.set(false) }

func (w *watch) set(waiting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting, w.waited = waiting, 0
}

func (w *watch) close() { w.closing.Do(func() { close(w.done) }) }

func (w *watch) run() {
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-w.done:
			return
		case <-ticker.C:
		}
		now := time.Now()
		if w.passed(now.Sub(last)) {
			w.expired()
			return
		}
		last = now
	}
}

// pause is from how long a gap between two ticks on this process must have been
// stopped, and not only slow.
func (w *watch) pause() time.Duration { return max(4*w.tick, time.Second) }

// passed takes in the time between two ticks, and reports whether it is too long now.
func (w *watch) passed(gap time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !w.waiting:
		return false
	case gap > w.pause():
		w.waited = 0
	default:
		w.waited += min(gap, 2*w.tick)
	}
	return w.waited >= w.patience
}

// Within is context.WithTimeout by a clock that stands still while this process does. The cause of its end is
// context.DeadlineExceeded.
func Within(parent context.Context, patience time.Duration) (ctx context.Context, cancel func()) {
	ctx, end := context.WithCancelCause(parent)
	w := newWatch(patience, func() { end(context.DeadlineExceeded) })
	w.begin()
	return ctx, func() {
		w.close()
		end(nil)
	}
}
