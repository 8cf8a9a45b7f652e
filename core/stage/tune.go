package stage

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
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
	if work.Resume != "" {
		request.Resume = path(work.Resume)
	}
	if work.Verdict != "" {
		if verdict := path(work.Verdict); missing == nil {
			over, err := job.ended(work, verdict)
			if over != nil || err != nil {
				return over, err
			}
		}
	}
	if missing != nil {
		return nil, missing
	}
	request.Until = work.Until
	if work.Leaves() {
		request.State = job.Outputs.Dir(plan.State)
	}
	result, err := job.train(ctx, func(instance *client.Instance, output, scratch string, report func(sdk.Progress) error) error {
		request.Output, request.Scratch = output, scratch
		return instance.Tune(ctx, request, report)
	})
	if err != nil {
		return nil, err
	}
	if work.Until > 0 {
		result.Items = max(0, result.Items-work.After)
	}
	if work.Leaves() {
		if result.Outputs[plan.State], err = job.filled(plan.State); err != nil {
			return nil, err
		}
	}
	result.Facts, err = meanReward(request.Losses)
	return result, err
}

// ended is what a part of a tuning makes if the tuning has ended before: what the part
// before made. It is nil if the tuning goes on.
func (job Job) ended(work *plan.TuneWork, verdict string) (*Result, error) {
	said, err := plan.VerdictAt(verdict)
	if err != nil || !said.Stop {
		return nil, err
	}
	checkpoint, curve := work.Before()
	result := &Result{Outputs: map[string]record.Output{}, Unit: "steps"}
	taken := map[string]string{plan.Checkpoint: checkpoint}
	if work.Leaves() {
		taken[plan.State] = work.Resume
	}
	for role, from := range taken {
		if result.Outputs[role], err = job.takeDirectory(role, from); err != nil {
			return nil, err
		}
	}
	return result, job.takeTable(result, plan.Curve, curve)
}

// meanReward is the mean score of the images that a training weighs, as a fact: a
// loss that divides scores by their mean hides it, and the paper's beta is the
// pre-training loss's weight times it.
func meanReward(losses []sdk.TuneLoss) (map[string]float64, error) {
	for _, loss := range losses {
		var sum, n float64
		for _, set := range loss.Sets {
			if set.Scores == "" {
				continue
			}
			for row, err := range table.Read[table.Score](set.Scores) {
				if err != nil {
					return nil, fmt.Errorf("read the scores of loss %s: %w", loss.Name, err)
				}
				sum, n = sum+row.Score, n+1
			}
		}
		if n > 0 {
			return map[string]float64{record.MeanReward: sum / n}, nil // the losses of a training have one reward
		}
	}
	return nil, nil
}
