package run

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/stage"
)

// lightStages is how many stages without a device Local does at once, unless it is
// told.
const lightStages = 2

// Local does stages in this process, and what computes in those of plugins.
type Local struct {
	Components stage.Components
	Computes   plan.Environment
	// Parallel is how many stages that do not need the device may work at once; 0
	// means 2. Stages that need it always take turns.
	Parallel int
}

var _ Executor = Local{}

// Environment implements Executor.
func (l Local) Environment() plan.Environment { return l.Computes }

// Limits implements Executor: there is one device, which plugins share.
func (l Local) Limits() Limits {
	if l.Parallel <= 0 {
		return Limits{Devices: 1, Light: lightStages}
	}
	return Limits{Devices: 1, Light: l.Parallel}
}

// Do implements Executor.
func (l Local) Do(ctx context.Context, task Task) (*stage.Result, error) {
	return stage.Run(ctx, stage.Job{
		Node:       task.Node,
		Inputs:     task.Inputs,
		Outputs:    task.Outputs,
		Scratch:    task.Scratch,
		Components: l.Components,
		Backend:    l.Computes.Backend,
		Report:     task.Report,
		Repaired:   task.Repaired,
	})
}
