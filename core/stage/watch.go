package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// watch compares the steps of a tuning, and says whether it goes on.
func watch(_ context.Context, job Job, work *plan.WatchWork) (*Result, error) {
	in := &plan.MeasureInputs{Path: job.input}
	watched, err := work.Look(in)
	if err != nil {
		return nil, err
	}
	if err := table.WriteAll(job.tablePath(plan.Verdict), []dataset.Verdict{watched.Verdict}); err != nil {
		return nil, err
	}
	result := &Result{Metrics: watched.Metrics, Warnings: watched.Warnings, Items: in.Rows, Unit: "rows"}
	return result, job.table(result, plan.Verdict, 1)
}
