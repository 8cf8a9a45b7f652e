package metric

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// AlignmentInput is the labels of a model's images and of its baseline's.
type AlignmentInput struct {
	Model, Baseline string        // their names in the experiment
	ModelLabels     []table.Label // by every rater, of every image
	BaselineLabels  []table.Label // of the same prompts by the same raters; nil: the model is the baseline
	Rater           string
	Seed            uint64 // of random sign flips
}

// Alignment measures how often a model's images are good (good_share,
// skip_share) and, if it is not itself the baseline, how it fares against the
// baseline (win_share and its kin, see winRates): overall, by split, by
// category, and by both. An image labelled twice by a rater, or with a label
// other than good, bad and skip, is an error.
func Alignment(in AlignmentInput) ([]record.Metric, []dataset.PromptValue, error) {
	model, err := byImage(in.ModelLabels)
	if err != nil {
		return nil, nil, fmt.Errorf("labels of %s: %w", in.Model, err)
	}
	prompts := sets(model)
	e := newEstimator(in.Seed, promptKeysOf(prompts, setKey))
	m := record.Metric{Subject: in.Model, Rater: in.Rater, Protocol: ratingProtocol(in.Rater, model)}
	m.Protocol["baseline"] = in.Baseline
	metrics, values := goodShares(prompts, m, e)
	if in.BaselineLabels == nil {
		return metrics, values, nil
	}
	baseline, err := byImage(in.BaselineLabels)
	if err != nil {
		return nil, nil, fmt.Errorf("labels of %s: %w", in.Baseline, err)
	}
	m.Versus = in.Baseline
	compared, comparedValues := winRates(prompts, sets(baseline), m, e)
	return append(metrics, compared...), append(values, comparedValues...), nil
}
