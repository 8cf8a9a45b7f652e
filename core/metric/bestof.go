package metric

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// BestOfInput is the labels of the images that a reward chose, and of others.
type BestOfInput struct {
	Model, Reward string // who drew the images and who chose among them
	N, Keep       int    // images drawn and kept a prompt
	Best          []table.Label
	Random        []table.Label            // Keep of the same N by chance; nil: not compared
	Against       map[string][]table.Label // by model: its images of the same prompts
	Rater         string
	Seed          uint64 // of random sign flips
}

// BestOf measures rejection sampling: the Keep best of N images by a reward,
// against as many random ones and against other models. The metrics are those
// of Alignment with the prefix best_of_ (best_of_good_share, best_of_win_share,
// ...); the subject is "best 4 of 16 of MODEL", what it is compared with
// "random 4 of 16 of MODEL" or a model's name.
func BestOf(in BestOfInput) ([]record.Metric, []dataset.PromptValue, error) {
	best := fmt.Sprintf("best %d of %d of %s", in.Keep, in.N, in.Model)
	random := fmt.Sprintf("random %d of %d of %s", in.Keep, in.N, in.Model)
	chosen, err := byImage(in.Best)
	if err != nil {
		return nil, nil, fmt.Errorf("labels of the %s: %w", best, err)
	}
	others := maps.Clone(in.Against)
	if others == nil {
		others = map[string][]table.Label{}
	}
	if in.Random != nil {
		others[random] = in.Random
	}

	prompts := sets(chosen)
	m := record.Metric{Name: bestOf, Subject: best, Choice: record.Best, Rater: in.Rater, Reward: in.Reward, Protocol: ratingProtocol(in.Rater, chosen)}
	m.Protocol["model"] = in.Model
	m.Protocol["reward"] = in.Reward
	metrics, values := goodShares(prompts, m, newEstimator(in.Seed, promptKeysOf(prompts, setKey)))
	for _, name := range slices.Sorted(maps.Keys(others)) {
		choice := record.All
		if in.Random != nil && name == random {
			choice = record.Random
		}
		other, err := byImage(others[name])
		if err != nil {
			return nil, nil, fmt.Errorf("labels of %s: %w", name, err)
		}
		alone := m
		alone.Subject, alone.Choice = name, choice
		others := sets(other)
		e := newEstimator(in.Seed, promptKeysOf(prompts, setKey), promptKeysOf(others, setKey))
		shares, shareValues := goodShares(others, alone, e)
		versus := m
		versus.Versus, versus.VersusChoice = name, choice
		compared, comparedValues := winRates(prompts, others, versus, e)
		metrics = slices.Concat(metrics, shares, compared)
		values = slices.Concat(values, shareValues, comparedValues)
	}
	return metrics, values, nil
}
