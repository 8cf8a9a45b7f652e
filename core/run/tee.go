package run

import (
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
)

// Tee is a Sink that tells several, each in turn.
func Tee(sinks ...Sink) Sink { return tee(sinks) }

type tee []Sink

var _ Sink = tee(nil)

func (t tee) Begun(run *record.Run) {
	for _, sink := range t {
		sink.Begun(run)
	}
}

func (t tee) Started(node *plan.Node, key string) {
	for _, sink := range t {
		sink.Started(node, key)
	}
}

func (t tee) Progress(node *plan.Node, progress stage.Progress) {
	for _, sink := range t {
		sink.Progress(node, progress)
	}
}

func (t tee) Finished(node *plan.Node, outcome Outcome) {
	for _, sink := range t {
		sink.Finished(node, outcome)
	}
}

func (t tee) Warn(node *plan.Node, warning diag.Diagnostic) {
	for _, sink := range t {
		sink.Warn(node, warning)
	}
}

func (t tee) Ended(result *Result) {
	for _, sink := range t {
		sink.Ended(result)
	}
}
