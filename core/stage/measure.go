package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// measure computes the metrics of a measure. The metrics go into the record; the per-prompt
// values that they came from go into a table beside it.
func measure(ctx context.Context, job Job, work plan.MeasureWork) (*Result, error) {
	in := &plan.MeasureInputs{Path: job.input}
	metrics, values, err := work.Compute(ctx, in, job.Node.Seed)
	if err != nil {
		return nil, err
	}
	if err := table.WriteAll(job.tablePath(plan.Values), values); err != nil {
		return nil, err
	}
	result := &Result{Metrics: metrics, Items: in.Rows, Unit: "rows"}
	return result, job.table(result, plan.Values, len(values))
}
