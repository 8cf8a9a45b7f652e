package run

import (
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stage"
)

// Sink is told what happens: a screen, or a tracker of experiments. Its methods
// may be called from several goroutines at once and must not block.
type Sink interface {
	// Begun is called once, before anything else: what is run, with the stages of
	// its variants, of which none has a status yet.
	Begun(run *record.Run)
	// Started is called when a stage begins to work, with the key of the record that it is
	// to make; never for a cached one.
	Started(node *plan.Node, key string)
	// Progress is called often while a stage works.
	Progress(node *plan.Node, progress stage.Progress)
	// Finished is called once for every node of the plan.
	Finished(node *plan.Node, outcome Outcome)
	// Warn passes on what the user should know and cannot be asked about. node is nil
	// where it is about no stage.
	Warn(node *plan.Node, warning diag.Diagnostic)
	// Ended is called once, after everything else: what Run returns.
	Ended(result *Result)
}

// Outcome is how a node ended.
type Outcome struct {
	Status      record.Status
	Key         string         // empty if it was never known
	Record      *record.Record // of Done and Cached
	Diagnostics diag.List      // of Failed: why; of Waiting: what people have to do
	Needs       *plan.Node     // of NotRun: what failed or waits; known when the run has ended
	Took        time.Duration  // of Done and Failed
	died        bool           // with its plugin's process
	blamed      bool           // and it is known to have ended it
	again       bool           // and it is worth trying again
}

// Silent is a Sink that nobody listens to.
type Silent struct{}

var _ Sink = Silent{}

// Begun implements Sink.
func (Silent) Begun(*record.Run) {}

// Started implements Sink.
func (Silent) Started(*plan.Node, string) {}

// Progress implements Sink.
func (Silent) Progress(*plan.Node, stage.Progress) {}

// Finished implements Sink.
func (Silent) Finished(*plan.Node, Outcome) {}

// Warn implements Sink.
func (Silent) Warn(*plan.Node, diag.Diagnostic) {}

// Ended implements Sink.
func (Silent) Ended(*Result) {}
