package download

import (
	"context"
	"errors"
	"time"
)

// Temporary is a failure that may be over soon.
type Temporary struct {
	Err   error
	After time.Duration // what the server asks to wait; 0: nothing
}

func (t *Temporary) Error() string { return t.Err.Error() }
func (t *Temporary) Unwrap() error { return t.Err }

// Patience is how long to wait after the n-th failure in a row, from 1. A nil one
// waits 1, 2, 4, 8 and then 16 seconds.
type Patience func(n int) time.Duration

// Attempts is how often in a row something may fail for a reason that may pass.
const Attempts = 5

// Do repeats work that fails with a Temporary error, and returns what is inside
// of the last one. Work that got on meanwhile begins to count anew.
func (p Patience) Do(ctx context.Context, work func() (progress bool, err error)) error {
	if p == nil {
		p = func(n int) time.Duration { return time.Second << min(n-1, 4) }
	}
	for failures := 0; ; {
		progress, err := work()
		var passing *Temporary
		if !errors.As(err, &passing) {
			return err
		}
		if progress {
			failures = 0
		}
		if failures++; failures >= Attempts {
			return passing.Err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(max(p(failures), passing.After), time.Minute)):
		}
	}
}
