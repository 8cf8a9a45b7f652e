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
	var missing error
	path := func(role string) string {
		if role == "" {
			return ""
		}
		path, err := job.input(role)
		if err != nil {
			missing = err
		}
		return path
	}
	for _, term := range work.Losses {
		loss := sdk.TuneLoss{Name: term.Name, Weight: term.Weight, Options: term.Options}
		for _, set := range term.Sets {
			loss.Sets = append(loss.Sets, sdk.TuneSet{
				Images: path(set.Images), Precomputed: path(set.Precomputed),
				Scores: path(set.Scores), Labels: path(set.Labels), Comparisons: path(set.Comparisons),
			})
		}
		request.Losses = append(request.Losses, loss)
	}
	if work.Reference != nil {
		request.Reference = &sdk.TuneReference{Checkpoint: path(work.Reference.Checkpoint)}
	}
	if missing != nil {
		return nil, missing
	}
	return job.train(ctx, func(instance *client.Instance, output, scratch string, report func(sdk.Progress) error) error {
		request.Output, request.Scratch = output, scratch
		return instance.Tune(ctx, request, report)
	})
}
