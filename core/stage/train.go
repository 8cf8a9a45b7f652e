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

// train is what fit and tune have in common: an instance that learns, a
// checkpoint directory that it fills, and the curve of what it reports.
func (job Job) train(ctx context.Context, learn func(instance *client.Instance, output, scratch string, report func(sdk.Progress) error) error) (*Result, error) {
	curve, err := job.learn(ctx, learn)
	if errors.Is(err, errLost) {
		job.Repaired("What was lost of the training curve does not come again; the training begins anew.")
		if err := errors.Join(os.RemoveAll(job.Scratch), os.RemoveAll(job.Outputs.Dir(plan.Checkpoint))); err != nil {
			return nil, err
		}
		curve, err = job.learn(ctx, learn)
	}
	if err != nil {
		return nil, err
	}
	checkpoint, err := job.filled(plan.Checkpoint)
	if err != nil {
		return nil, err
	}
	result := &Result{Outputs: map[string]record.Output{plan.Checkpoint: checkpoint}}
	return result, curve.finish(result)
}

// filled puts a directory that the instance was to fill.
func (job Job) filled(role string) (record.Output, error) {
	entries, err := os.ReadDir(job.Outputs.Dir(role))
	if err != nil {
		return record.Output{}, err
	}
	if len(entries) == 0 {
		return record.Output{}, fmt.Errorf("%s %q finished and left its %s empty", job.Node.Instance.Kind, job.Node.Instance.Name, role)
	}
	return job.Outputs.PutDir(role)
}

// learn has an instance learn, and returns the curve of it.
func (job Job) learn(ctx context.Context, learn func(instance *client.Instance, output, scratch string, report func(sdk.Progress) error) error) (*curve, error) {
	output := job.Outputs.Dir(plan.Checkpoint)
	scratch := filepath.Join(job.Scratch, "plugin")
	if err := atomicfile.MkdirAll(scratch, 0o755); err != nil {
		return nil, err
	}
	curve, err := openCurve(job)
	if err != nil {
		return nil, err
	}
	// A plugin may swallow the error that ends its reports; ours is the one to show.
	var stopped error
	err = job.with(ctx, func(instance *client.Instance) error {
		return learn(instance, output, scratch, func(progress sdk.Progress) error {
			if stopped == nil {
				stopped = curve.report(progress)
			}
			return stopped
		})
	})
	if stopped != nil {
		err = stopped
	}
	return curve, errors.Join(err, curve.close())
}
