package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// fit has a reward, rater or encoder learn from labels or images.
func fit(ctx context.Context, job Job, work *plan.FitWork) (*Result, error) {
	request := sdk.FitRequest{Seed: job.Node.Seed}
	images, err := job.input(plan.Images)
	if err != nil {
		return nil, err
	}
	request.Images = []string{images}
	if work.Labels {
		labels, err := job.input(plan.Labels)
		if err != nil {
			return nil, err
		}
		request.Labels = []string{labels}
	}
	return job.train(ctx, func(instance *client.Instance, output, scratch string, report func(sdk.Progress) error) error {
		request.Output, request.Scratch = output, scratch
		return instance.Fit(ctx, request, report)
	})
}
