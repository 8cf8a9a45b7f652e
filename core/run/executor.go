package run

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/stage"
)

// Executor has stages done: in this process, or elsewhere, such as by jobs of a
// cluster that share the store. Its methods may be called from several goroutines.
//
//  1. Environment is asked first: it is in the key of every stage.
//  2. Limits is asked once, when a run begins.
//  3. Do is called for each stage that has no record, when its turn has come. The
//     run holds the lock of its key meanwhile, and makes the record.
type Executor interface {
	// Environment is what computes there, which need not be what computes here.
	Environment() plan.Environment
	// Limits is how much may be under way there at once.
	Limits() Limits
	// Do does a stage. Its error is a diag.List where the user can do something
	// about it, a plugin.Died where a process that other stages share died, and a
	// stage.Waiting where people have to do something first.
	Do(ctx context.Context, task Task) (*stage.Result, error)
}

// Task is one stage to do. All that it reads is there.
type Task struct {
	Node      *plan.Node
	Key       string            // of the record that is to be made
	Inputs    map[string]string // by role: the path of a table or of a checkpoint's directory
	Outputs   stage.Outputs
	Scratch   string // a directory of the stage's own that outlives a kill
	Resources Resources
	Report    func(stage.Progress) // as in stage.Job
	Repaired  func(text string)    // as in stage.Job
}

// Limits is how much an executor does at once.
type Limits struct {
	Devices int // accelerators: stages that need one take turns
	Light   int // stages that need none; 0: one at a time
}
