package reports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// nullExperiment is an experiment in which nothing differs: three rewards of the same
// quality score the images of a model, and three of them choose images that are as
// good as random ones. Prompts are of several categories of unlike difficulty, and
// images of a prompt resemble each other.
type nullExperiment struct {
	random  *rand.Rand
	prompts int
}

var nullCategories = []string{"background", "color", "combination", "count"}

// eachPrompt calls do for every prompt with the chance that an image of it is good.
func (x nullExperiment) eachPrompt(do func(category, prompt, split string, good float64)) {
	for i := range x.prompts {
		category := nullCategories[i%len(nullCategories)]
		split := "seen"
		if i%3 == 2 {
			split = "unseen"
		}
		logit := float64(len(category))/4 - 2 + 1.2*x.random.NormFloat64()
		do(category, fmt.Sprintf("%s %d", category, i), split, 1/(1+math.Exp(-logit)))
	}
}

func (x nullExperiment) labels(image, category, prompt, split string, good bool) []table.Label {
	var labels []table.Label
	for rater := range 3 {
		word := "bad"
		if good != (x.random.Float64() < 0.08) {
			word = "good"
		}
		labels = append(labels, table.Label{ImageID: image, Prompt: prompt, Category: category, Split: split, Rater: fmt.Sprint(rater), Label: word})
	}
	return labels
}

// rewards is the comparison of three rewards that score images alike well.
func (x nullExperiment) rewards(t *testing.T) []record.Metric {
	in := metric.RewardComparisonInput{Rater: "crowd", Model: "base", Rewards: []metric.ScoredBy{{Reward: "clip"}, {Reward: "no_aux"}, {Reward: "with_aux"}}}
	x.eachPrompt(func(category, prompt, split string, good float64) {
		var shift [3]float64
		for reward := range shift {
			shift[reward] = 0.5 * x.random.NormFloat64()
		}
		for index := range 4 {
			image := fmt.Sprintf("%s/%d", prompt, index)
			is := x.random.Float64() < good
			in.Labels = append(in.Labels, x.labels(image, category, prompt, split, is)...)
			seen := x.random.NormFloat64()
			for reward := range in.Rewards {
				score := shift[reward] + 0.7*seen + 0.7*x.random.NormFloat64()
				if is {
					score += 1.5
				}
				in.Rewards[reward].Scores = append(in.Rewards[reward].Scores,
					table.Score{ImageID: image, Prompt: prompt, Category: category, Split: split, Score: score})
			}
		}
	})
	metrics, err := metric.RewardComparison(in)
	if err != nil {
		t.Fatal(err)
	}
	return metrics
}

// best is the comparison of choices that are no better than chance.
func (x nullExperiment) best(t *testing.T) []record.Metric {
	in := metric.BestOfInput{Model: "base", N: 16, Keep: 4, Rater: "crowd", Models: map[string][]table.Label{}}
	var sides [4][]table.Label
	x.eachPrompt(func(category, prompt, split string, good float64) {
		for index := range 4 {
			for side := range sides {
				image := fmt.Sprintf("%s/%d/%d", prompt, side, index)
				sides[side] = append(sides[side], x.labels(image, category, prompt, split, x.random.Float64() < good)...)
			}
		}
	})
	in.Chosen = []metric.Chosen{{Reward: "with_aux", Labels: sides[0], Against: []string{"full"}}, {Reward: "clip", Labels: sides[1]}}
	in.Random, in.Models["full"] = sides[2], sides[3]
	metrics, _, err := metric.BestOf(in)
	if err != nil {
		t.Fatal(err)
	}
	return metrics
}

// TestTablesWhereNothingDiffers: at most 5 % of the tables find a difference. The
// bounds are what 5 % may show in so many experiments, at one chance in a thousand.
func TestTablesWhereNothingDiffers(t *testing.T) {
	for _, c := range []struct {
		id, measure string
		prompts     int
		metrics     func(nullExperiment, *testing.T) []record.Metric
	}{
		{"rewards", "reward_accuracy", 24, nullExperiment.rewards}, {"rewards", "reward_accuracy", 48, nullExperiment.rewards},
		{"best-of", "best_of", 12, nullExperiment.best}, {"best-of", "best_of", 48, nullExperiment.best},
	} {
		t.Run(fmt.Sprintf("%s of %d prompts", c.id, c.prompts), func(t *testing.T) {
			t.Parallel()
			const experiments, bound = 80, 11
			found, tested := 0, 0
			for i := range experiments {
				x := nullExperiment{rand.New(rand.NewPCG(uint64(i), uint64(c.prompts))), c.prompts}
				s := &synthetic{run: &record.Run{}, records: map[string]*record.Record{}}
				v := record.Variant{Seed: 1}
				s.stage(&v, record.Record{Node: c.measure, Stage: measuring(c.measure, ""), Metrics: c.metrics(x, t)})
				s.run.Variants = []record.Variant{v}
				any := false
				for _, row := range tableOf(t, Build(s.input()), c.id).Rows {
					for _, cell := range row.Cells {
						if cell.Comparison == nil {
							continue
						}
						switch cell.Comparison.Conclusion() {
						case Better, Worse:
							any = true
							fallthrough
						case Indistinguishable:
							tested++
						}
					}
				}
				if any {
					found++
				}
			}
			t.Logf("%d of %d tables find a difference, %d comparisons tested", found, experiments, tested)
			if found > bound || tested < experiments {
				t.Errorf("%d of %d tables find a difference, %d comparisons tested", found, experiments, tested)
			}
		})
	}
}
