package stage

import (
	"context"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
)

// fit has a reward, rater or encoder learn from labels or images.
func fit(ctx context.Context, job Job, work *plan.FitWork) (*Result, error) {
	request, err := job.fitRequest(work.Labels)
	if err != nil {
		return nil, err
	}
	request.Sets[0].ImageFeatures = job.Inputs[plan.Features] // of a reward that reads them
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

// fitRequest names what there is to learn from, without features.
func (job Job) fitRequest(labelled bool) (sdk.FitRequest, error) {
	request := sdk.FitRequest{Sets: make([]sdk.FitSet, 1), Seed: job.Node.Seed}
	var err error
	if request.Sets[0].Images, err = job.input(plan.Images); err == nil && labelled {
		request.Sets[0].Labels, err = job.input(plan.Labels)
	}
	return request, err
}
