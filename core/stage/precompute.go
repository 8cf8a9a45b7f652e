package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// precompute has a sampler turn a table of images into what its tuning reads. The
// component keeps what is unfinished in its scratch directory, so that a stage
// that was killed goes on from there.
func precompute(ctx context.Context, job Job, _ *plan.PrecomputeWork) (*Result, error) {
	images, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	request := sdk.PrecomputeRequest{
		Images:  images,
		Seed:    job.Node.Seed,
		Output:  job.Outputs.Dir(plan.Precomputed),
		Scratch: filepath.Join(job.Scratch, "plugin"),
	}
	if err := atomicfile.MkdirAll(request.Scratch, 0o755); err != nil {
		return nil, err
	}
	result := &Result{Unit: "images"}
	var last sdk.Progress
	err = job.with(ctx, func(instance *client.Instance) error {
		return instance.Precompute(ctx, request, func(progress sdk.Progress) error {
			last = progress
			job.Report(Progress{Done: progress.Step, Total: progress.Steps, Unit: result.Unit})
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	who := fmt.Sprintf("%s %q", job.Node.Instance.Kind, job.Node.Instance.Name)
	if last.Steps == 0 || last.Step != last.Steps {
		return nil, fmt.Errorf("%s finished after %d of %d images", who, last.Step, last.Steps)
	}
	entries, err := os.ReadDir(request.Output)
	if err == nil && len(entries) == 0 {
		err = errors.New(who + " finished and left nothing precomputed")
	}
	if err != nil {
		return nil, err
	}
	precomputed, err := job.Outputs.PutDir(plan.Precomputed)
	if err != nil {
		return nil, err
	}
	result.Items = last.Step
	result.Outputs = map[string]record.Output{plan.Precomputed: precomputed}
	return result, nil
}
