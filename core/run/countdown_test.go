package run

import (
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
)

func TestCountdown(t *testing.T) {
	long, short := 90.0, 5.0
	first, second, third, cached, left := &plan.Node{}, &plan.Node{}, &plan.Node{}, &plan.Node{}, &plan.Node{}
	c := NewCountdown(&Forecast{Nodes: map[*plan.Node]NodeForecast{
		first: {Seconds: &long}, second: {Seconds: &short}, third: {}, cached: {Cached: true},
	}})
	says := func(want Left) {
		t.Helper()
		if got := c.Left(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	says(Left{Of: 4, ToRun: 3, Seconds: 95, Unknown: 1})
	c.Finished(cached, Outcome{Status: record.Cached})
	c.Finished(left, Outcome{Status: record.Left}) // was not asked for
	says(Left{Done: 1, Of: 4, ToRun: 3, Seconds: 95, Unknown: 1})
	c.Started(first, "")
	c.Progress(first, stage.Progress{Done: 10, Total: 100})
	says(Left{Done: 1, Of: 4, ToRun: 3, Seconds: 95, Unknown: 1})
	c.Finished(third, Outcome{Status: record.Failed})
	c.Finished(first, Outcome{Status: record.Done})
	c.Finished(second, Outcome{Status: record.Done})
	says(Left{Done: 4, Of: 4})
}

// TestMeasure: what keeps a stage from getting on is not taken for slow work.
func TestMeasure(t *testing.T) {
	now := time.Now()
	var m Measure
	m.Take(stage.Progress{Busy: "compiling"}, now)
	now = now.Add(time.Minute)
	m.Take(stage.Progress{Done: 10, Total: 40}, now)
	if _, known := m.Left(now); known {
		t.Error("the pace is known by one report")
	}
	now = now.Add(4 * time.Second)
	m.Take(stage.Progress{Done: 12, Total: 40}, now)
	if left, known := m.Left(now); !known || left != 56 || m.Pace(now) != 2 {
		t.Errorf("%v s left, %v; %v s each", left, known, m.Pace(now))
	}
}
