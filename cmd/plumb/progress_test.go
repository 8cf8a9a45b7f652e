package main

import (
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/stage"
)

// TestClock: what keeps a stage from getting on stands in the place of its pace, and
// is not taken for slow work.
func TestClock(t *testing.T) {
	now := time.Now()
	c := clock{started: now, at: stage.Progress{Total: 8, Unit: "images"}}
	says := func(want string) {
		t.Helper()
		if got := c.text(now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	says("0/8 images")
	now = now.Add(10 * time.Second)
	c.report(stage.Progress{Busy: "compiling a program, 10 s"}, now)
	says("0/8 images, compiling a program, 10 s")
	c.report(stage.Progress{Done: 2, Total: 8, Unit: "images"}, now)
	now = now.Add(2 * time.Second)
	c.report(stage.Progress{Done: 4, Total: 8, Unit: "images"}, now)
	says("4/8 images, 1/s, 4.0s left")
}
