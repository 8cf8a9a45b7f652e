package main

import (
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/stage"
)

// TestClock: what keeps a stage from getting on stands in the place of its pace, and
// is not taken for slow work.
func TestClock(t *testing.T) {
	now := time.Now()
	c := clock{started: now, at: stage.Progress{Total: 8, Unit: "images"}}
	says := func(want string) {
		t.Helper()
		if got := c.text(now, 0); got != want {
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

func TestCountdown(t *testing.T) {
	long, short := 90.0, 5.0
	first, second, third, cached := &plan.Node{Label: "tune/full [seed=1]"}, &plan.Node{}, &plan.Node{}, &plan.Node{Label: "a name that is longer"}
	c := newCountdown(&run.Forecast{Nodes: map[*plan.Node]run.NodeForecast{
		first: {Seconds: &long}, second: {Seconds: &short}, third: {}, cached: {Cached: true},
	}})
	if c.width != len("tune/full [seed=1]") {
		t.Errorf("the labels to come are %d wide", c.width)
	}
	for _, step := range []struct {
		node *plan.Node
		want string
	}{
		{cached, "1/4 stages, about 1m35s left and 1 stage of unknown time"},
		{third, "2/4 stages, about 1m35s left"},
		{first, "3/4 stages, about 5.0s left"},
		{second, "4/4 stages"},
	} {
		c.finished(step.node, nil)
		if got := c.text(); got != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
}

// TestShortLabel: what tells variants apart is what is cut last.
func TestShortLabel(t *testing.T) {
	for _, test := range []struct {
		label string
		width int
		want  string
	}{
		{"tune/full", 12, "tune/full   "},
		{"tune/full [auxiliary_weight=0.5,steps=120,seed=2]", 60, "tune/full [auxiliary_weight=0.5,steps=120,seed=2]           "},
		{"tune/full [auxiliary_weight=0.5,steps=120,seed=2]", 26, "tune/full [0.5,120,2]     "},
		{"measure/main/reward_accuracy [steps=120,seed=2]", 26, "measure/…_accuracy [120,2]"},
		{"measure/main/reward_accuracy", 11, "measu…uracy"},
	} {
		if got := shortLabel(test.label, test.width); got != test.want {
			t.Errorf("%s in %d columns: %q, want %q", test.label, test.width, got, test.want)
		}
	}
}
