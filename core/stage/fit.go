package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// fit has a reward, rater or encoder learn from labels or images.
func fit(ctx context.Context, job Job, work *plan.FitWork) (*Result, error) {
	request, err := job.fitRequest(work.Sets)
	if err != nil {
		return nil, err
	}
	for _, input := range job.Node.Inputs {
		if input.Output == plan.TextFeatures {
			path, err := job.input(input.Role)
			if err != nil {
				return nil, err
			}
			request.TextFeatures = append(request.TextFeatures, path)
		}
	}
	return job.train(ctx, func(instance *client.Instance, output, scratch string, report func(sdk.Progress) error) error {
		request.Output, request.Scratch = output, scratch
		return instance.Fit(ctx, request, report)
	})
}

// fitRequest names what there is to learn from, without features of texts.
func (job Job) fitRequest(sets []plan.FitSet) (sdk.FitRequest, error) {
	request := sdk.FitRequest{Seed: job.Node.Seed}
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
	for _, set := range sets {
		request.Sets = append(request.Sets, sdk.FitSet{Images: path(set.Images), Labels: path(set.Labels), ImageFeatures: path(set.Features)})
	}
	return request, missing
}
