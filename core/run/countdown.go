package run

import (
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
)

// Countdown is a Sink that knows how far a whole run is and how long it will be: by the
// pace of the stages that are at work, and else by a forecast, which learns from what is
// done meanwhile.
type Countdown struct {
	Silent

	mu       sync.Mutex
	forecast *Forecast
	ended    int                     // nodes
	toRun    map[*plan.Node]*Measure // nodes to run that have not ended
}

// Left is what is left of a run.
type Left struct {
	Done, Of int     // stages
	ToRun    int     // of those that are left, how many are not cached
	Seconds  float64 // of those to run whose time is known
	Unknown  int     // those to run whose time is not known
}

// NewCountdown counts down from a forecast, of all that is asked for.
func NewCountdown(forecast *Forecast) *Countdown {
	c := &Countdown{forecast: forecast, toRun: map[*plan.Node]*Measure{}}
	for node, n := range forecast.Nodes {
		if !n.Cached {
			c.toRun[node] = &Measure{}
		}
	}
	return c
}

var _ Sink = (*Countdown)(nil)

// Started implements Sink.
func (c *Countdown) Started(node *plan.Node, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.toRun[node] != nil {
		c.toRun[node] = &Measure{} // the stage may be tried again
	}
}

// Progress implements Sink.
func (c *Countdown) Progress(node *plan.Node, p stage.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.toRun[node]; m != nil {
		m.Take(p, time.Now())
	}
}

// Finished implements Sink.
func (c *Countdown) Finished(node *plan.Node, outcome Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, asked := c.forecast.Nodes[node]; !asked {
		return
	}
	c.ended++
	if c.toRun[node] != nil && outcome.Status == record.Done {
		c.forecast.Learn(node, outcome.Record)
	}
	delete(c.toRun, node)
}

// Left is what is left now.
func (c *Countdown) Left() Left {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := Left{Done: c.ended, Of: len(c.forecast.Nodes), ToRun: len(c.toRun)}
	now := time.Now()
	for node, measure := range c.toRun {
		if seconds, known := measure.Left(now); known {
			left.Seconds += seconds
		} else if n := c.forecast.Nodes[node]; n.Seconds != nil {
			left.Seconds += *n.Seconds
		} else {
			left.Unknown++
		}
	}
	return left
}

// Measure measures how fast a stage is. It starts with the first report, so the time to
// load a model is not taken for slow work, nor what an earlier try has left for fast
// work.
type Measure struct {
	first     time.Time
	firstDone int
	at        stage.Progress
}

// leastMeasured is for how long a stage is measured before its pace counts.
const leastMeasured = 200 * time.Millisecond

// Take takes a report.
func (m *Measure) Take(p stage.Progress, now time.Time) {
	if m.first.IsZero() && p.Busy == "" {
		m.first, m.firstDone = now, p.Done
	}
	if p.Total == 0 { // a plugin that is busy before its first word of progress
		p.Total = m.at.Total
	}
	m.at = p
}

// Pace is how long an item takes, in seconds; 0 as long as it is not known.
func (m *Measure) Pace(now time.Time) float64 {
	elapsed, done := now.Sub(m.first), m.at.Done-m.firstDone
	if m.first.IsZero() || done <= 0 || elapsed < leastMeasured {
		return 0
	}
	return elapsed.Seconds() / float64(done)
}

// Left is how long the stage will be by its pace, in seconds, where that is known.
func (m *Measure) Left(now time.Time) (seconds float64, known bool) {
	pace := m.Pace(now)
	return float64(m.at.Total-m.at.Done) * pace, pace > 0 && m.at.Total >= m.at.Done
}
