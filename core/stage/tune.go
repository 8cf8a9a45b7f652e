package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// tune fine-tunes a sampler by a sum of losses.
func tune(ctx context.Context, job Job, work *plan.TuneWork) (*Result, error) {
	request := sdk.TuneRequest{
		Seed: job.Node.Seed, FromScratch: work.FromScratch,
		Steps: work.Steps, BatchSize: work.BatchSize, Optimizer: work.Optimizer, Options: work.Options,
	}
	for _, term := range work.Losses {
		loss := sdk.TuneLoss{Name: term.Name, Weight: term.Weight, Options: term.Options}
		for _, role := range term.Images {
			path, err := job.input(role)
			if err != nil {
				return nil, err
			}
			loss.Images = append(loss.Images, path)
		}
		for _, role := range term.Prepared {
			path, err := job.input(role)
			if err != nil {
				return nil, err
			}
			loss.Prepared = append(loss.Prepared, path)
		}
		for _, role := range term.Scores {
			path, err := job.input(role)
			if err != nil {
				return nil, err
			}
			loss.Scores = append(loss.Scores, path)
		}
		request.Losses = append(request.Losses, loss)
	}
	return job.train(ctx, func(instance *client.Instance, output, scratch string, report func(sdk.Progress) error) error {
		request.Output, request.Scratch = output, scratch
		return instance.Tune(ctx, request, report)
	})
}
