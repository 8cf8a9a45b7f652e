package main

import (
	"context"
	"errors"
	"time"
)

// await does what may not look at the context for a while, such as parsing a
// large file. When the context ends, the work has a moment to end as well, in good
// order; then it is left to the end of the process.
func await[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := work()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
	}
	const moment = time.Second
	select {
	case a := <-answers:
		return a.value, a.err
	case <-time.After(moment):
		var none T
		return none, ctx.Err()
	}
}

// ctxEnded reports whether an error says that a context has ended.
func ctxEnded(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
