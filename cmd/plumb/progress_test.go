package main

import (
	"math"
	"strings"
	"testing"
	"time"

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

func TestLeftText(t *testing.T) {
	for _, test := range []struct {
		left run.Left
		want string
	}{
		{run.Left{Done: 1, Of: 4, ToRun: 3, Seconds: 95, Unknown: 1}, "1/4 stages, about 1m35s left and 1 stage of unknown time"},
		{run.Left{Done: 2, Of: 4, ToRun: 2, Seconds: 95}, "2/4 stages, about 1m35s left"},
		{run.Left{Done: 3, Of: 4, ToRun: 1, Unknown: 1}, "3/4 stages"},
		{run.Left{Done: 4, Of: 4}, "4/4 stages"},
	} {
		if got := leftText(test.left); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestClockInAWidth: what matters most of a training stays in a narrow line.
func TestClockInAWidth(t *testing.T) {
	now := time.Now()
	c := clock{started: now}
	values := map[string]float64{"gradient_norm": 3, "loss": 0.12345, "reward/aesthetic": 1.5, "validation/mse": 2, "learning_rate": 1e-4}
	c.report(stage.Progress{Done: 100, Total: 1500, Unit: "steps", Values: values}, now)
	now = now.Add(10 * time.Second)
	c.report(stage.Progress{Done: 120, Total: 1500, Unit: "steps", Values: values}, now)
	for _, test := range []struct {
		width int
		want  string
	}{
		{0, "120/1500 steps, 2/s, 11m30s left, loss 0.123, reward/aesthetic 1.5"},
		{62, "120/1500 steps, 11m30s left, loss 0.123, reward/aesthetic 1.5"},
		{40, "120/1500 steps, 11m30s left, loss 0.123"},
		{38, "120/1500, 11m30s left, loss 0.123"},
		{30, "120/1500, 11m30s left"},
		{10, "120/1500"},
	} {
		if got := c.text(now, test.width); got != test.want {
			t.Errorf("in %d: %q, want %q", test.width, got, test.want)
		}
	}
	c.report(stage.Progress{Done: 121, Total: 1500, Unit: "steps", Values: map[string]float64{"loss": math.NaN()}}, now)
	if got := c.text(now, 0); strings.Contains(got, "NaN") || strings.Contains(got, "loss") {
		t.Errorf("%q", got)
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
