package run

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/events"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
)

// Events is a Sink that turns what happens into events, for all that writes a run down
// as it goes on or sends it somewhere. receive gets those of one moment at once, such as
// the values of a step, one moment after the other, and must not block. Reports of how
// far a stage is come as they are made; who wants fewer leaves some out.
func Events(receive func(moment []events.Event)) Sink { return &eventSink{receive: receive} }

type eventSink struct {
	mu      sync.Mutex
	receive func([]events.Event)
}

var _ Sink = (*eventSink)(nil)

// tell passes on the events of a moment.
func (e *eventSink) tell(all ...events.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	for i := range all {
		all[i].Time = now
	}
	e.receive(all)
}

func (e *eventSink) Begun(run *record.Run) {
	e.tell(events.Event{Kind: events.RunBegun, Run: run.FullName(), Of: run.Stages})
}

func (e *eventSink) Started(node *plan.Node, key string) {
	items, unit := node.Items()
	e.tell(events.Event{Kind: events.StageBegun, Stage: node.Label, About: &node.About, Key: key, Of: items, Unit: unit})
}

func (e *eventSink) Progress(node *plan.Node, p stage.Progress) {
	if p.Total == 0 { // of a plugin that is busy before its first word of progress
		p.Total, p.Unit = node.Items()
	}
	all := []events.Event{{Kind: events.Progress, Stage: node.Label, Done: p.Done, Of: p.Total, Unit: p.Unit, Text: p.Busy}}
	for _, name := range slices.Sorted(maps.Keys(p.Values)) {
		step, value := p.Done, events.Number(p.Values[name])
		all = append(all, events.Event{Kind: events.Value, Stage: node.Label, Step: &step, Name: name, Value: &value})
	}
	e.tell(all...)
}

func (e *eventSink) Finished(node *plan.Node, outcome Outcome) {
	ended := events.Event{Kind: events.StageEnded, Stage: node.Label, About: &node.About, Status: outcome.Status, Key: outcome.Key, Seconds: outcome.Took.Seconds()}
	if len(outcome.Diagnostics) > 0 {
		ended.Text = outcome.Diagnostics.Error()
	}
	var all []events.Event
	if made := outcome.Record; made != nil {
		ended.Seconds, ended.Done, ended.Unit = made.Seconds, made.Items, made.Unit
		for i := range made.Metrics {
			metric := &made.Metrics[i]
			event := events.Event{Kind: events.Metric, Stage: node.Label, Name: metric.Name, Metric: metric}
			if metric.Value != nil {
				value := events.Number(*metric.Value)
				event.Value = &value
			}
			all = append(all, event)
		}
	}
	e.tell(append(all, ended)...)
}

func (e *eventSink) Warn(node *plan.Node, warning diag.Diagnostic) {
	event := events.Event{Kind: events.Warning, Text: warning.Summary}
	if warning.Detail != "" {
		event.Text += ": " + warning.Detail
	}
	if node != nil {
		event.Stage = node.Label
	}
	e.tell(event)
}

func (e *eventSink) Ended(result *Result) {
	e.tell(events.Event{Kind: events.RunEnded, Run: result.Run.FullName(), State: result.Run.State, Done: result.Run.Finished, Of: result.Run.Stages})
}
