package plan

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/record"
)

// KeepWork chooses among the checkpoints of a finetune.
type KeepWork struct {
	Keep  string `json:"keep"` // spec.KeepBest or spec.KeepLast
	Steps []int  `json:"steps"`
}

var _ Work = (*KeepWork)(nil)

func (*KeepWork) kind() (record.Kind, string) { return record.KindKeep, "1" }
func (*KeepWork) items() (int, string)        { return 0, "steps" }

func checkpointAt(step int) string { return fmt.Sprintf("checkpoint at %d", step) }
func curveAt(step int) string      { return fmt.Sprintf("curve at %d", step) }

// Checkpoint and Curve are the roles of the inputs of a step.
func (*KeepWork) Checkpoint(step int) string { return checkpointAt(step) }
func (*KeepWork) Curve(step int) string      { return curveAt(step) }

// The roles of what a part of a tuning takes over where the tuning has ended before.
const (
	checkpointBefore = "checkpoint before"
	curveBefore      = "curve before"
)
