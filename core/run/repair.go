package run

import (
	"slices"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
)

// repaired tells of damage that the run has come upon, and of what becomes of it:
// at once, and in the run's record for its report. node is nil where it is about no
// stage.
func (r *execution) repaired(node *plan.Node, summary, detail string) {
	r.Sink.Warn(node, diag.Diagnostic{Severity: diag.Warning, Summary: summary, Detail: detail})
	stage := ""
	if node != nil {
		stage = node.Label
	}
	r.mu.Lock()
	r.repairs = append(r.repairs, record.Repair{Stage: stage, What: summary + ": " + detail, At: time.Now().UTC()})
	r.mu.Unlock()
	r.journal.changed()
}

// allRepairs are those of earlier tries of the run and those of this one.
func (r *execution) allRepairs() []record.Repair {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.earlierRepairs, r.repairs)
}
