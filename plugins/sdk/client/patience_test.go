package client

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestPausesDoNotCount: what passes while this process is stopped is not the
// plugin's silence.
func TestPausesDoNotCount(t *testing.T) {
	w := &watch{patience: time.Minute, tick: 3 * time.Second}
	for range 100 {
		if w.passed(3 * time.Second) {
			t.Fatal("it expires and waits for nothing")
		}
	}
	w.begin()
	count := func(gaps ...time.Duration) (ticks int) {
		for {
			for _, gap := range gaps {
				ticks++
				if w.passed(gap) {
					return ticks
				}
				if ticks > 1000 {
					return 0
				}
			}
		}
	}
	// 20 ticks of 3 s are 60 s.
	if n := count(3 * time.Second); n != 20 {
		t.Errorf("it expires after %d ticks of 3 s, want 20", n)
	}
	// A slow machine: a tick counts twice at most, 60 s / 6 s.
	w.begin()
	if n := count(9 * time.Second); n != 10 {
		t.Errorf("it expires after %d ticks of 9 s, want 10", n)
	}
	// An hour of a pause in the middle, and the count begins anew.
	w.begin()
	for range 19 {
		w.passed(3 * time.Second)
	}
	if w.passed(time.Hour) {
		t.Error("a pause expires it")
	}
	if n := count(3 * time.Second); n != 20 {
		t.Errorf("after a pause it expires after %d ticks, want 20", n)
	}
	// A sign of life.
	w.begin()
	for range 19 {
		w.passed(3 * time.Second)
	}
	w.stop()
	w.begin()
	if n := count(3 * time.Second); n != 20 {
		t.Errorf("after a sign of life it expires after %d ticks, want 20", n)
	}
}

func TestWithin(t *testing.T) {
	ctx, cancel := Within(t.Context(), 30*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("it never ends")
	}
	if !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		t.Errorf("its cause is %v", context.Cause(ctx))
	}
	ctx, cancel = Within(t.Context(), time.Hour)
	cancel()
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		t.Errorf("cancelled, its cause is %v", context.Cause(ctx))
	}
}
