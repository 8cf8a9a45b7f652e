package main

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func score(p prompt, image int, value float64) table.Score {
	return table.Score{ImageID: p.image(image), Prompt: p.text, Category: p.category, Split: p.split, Score: value}
}

// scores are a learned reward's, between 0 and 1, of a model and of its baseline, whose
// logits are 0.4 apart.
var scores = scenario{
	name: "rewards in [0, 1]", sizes: allSizes, truths: allTruths, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		other := moved(c.truth, -0.4)
		prompts, truths, others := d.draw(), d.truths(c.truth, 0.6), d.truths(other, 0.6)
		// The spread of an image's score, and of the prompts', as a part of what a share has.
		const spread = 0.2
		return map[string]float64{metric.AverageRewardMean: c.truth, metric.AverageRewardDifference: c.truth - other},
			func(random *rand.Rand) ([]record.Metric, error) {
				of := func(truths []float64) []table.Score {
					var all []table.Score
					for _, p := range prompts {
						e := ease(random, truths[p.stratum], spread*c.likeness)
						for i := range images {
							all = append(all, score(p, i, ease(random, e, spread*(1-c.likeness))))
						}
					}
					return all
				}
				return metrics(metric.AverageReward(metric.AverageRewardInput{
					Model: "model", Reward: "reward", Scores: of(truths), Baseline: "base", BaselineScores: of(others),
				}))
			}
	},
}

// unboundedScores are on a scale of their own: normal, with strata apart.
var unboundedScores = scenario{
	name: "rewards on any scale", sizes: allSizes, truths: []float64{0.3}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		prompts := d.draw()
		var shift float64
		for _, s := range d {
			shift += s.shift * float64(s.prompts) / float64(c.size)
		}
		return map[string]float64{metric.AverageRewardMean: c.truth, metric.AverageRewardDifference: c.truth},
			func(random *rand.Rand) ([]record.Metric, error) {
				of := func(mean float64) []table.Score {
					var all []table.Score
					for _, p := range prompts {
						shared := random.NormFloat64()
						for i := range images {
							all = append(all, score(p, i, mean+d[p.stratum].shift-shift+noise(random, shared, c.likeness)))
						}
					}
					return all
				}
				return metrics(metric.AverageReward(metric.AverageRewardInput{
					Model: "model", Reward: "reward", Scores: of(c.truth), Baseline: "base", BaselineScores: of(0),
				}))
			}
	},
}

// judged makes up labels with the scores of rewards. leads are by how much the scores of
// good images lie above those of bad ones, in standard deviations of either, so that
//
//	AUC = Phi( lead / sqrt 2 )
//
// within prompts and over them. Images of a prompt that are labelled alike share a part
// of their scores' noise, the likeness; labels are alike by a half of it.
func judged(random *rand.Rand, prompts []prompt, truths []float64, likeness float64, leads ...float64) ([]table.Label, [][]table.Score) {
	all := make([][]table.Score, len(leads))
	var labels []table.Label
	for _, p := range prompts {
		e := ease(random, truths[p.stratum], likeness/2)
		shared := make([][2]float64, len(leads))
		for j := range shared {
			shared[j] = [2]float64{random.NormFloat64(), random.NormFloat64()}
		}
		for i := range images {
			good := random.Float64() < e
			labels = append(labels, label(p, i, "1", word(good)))
			for j, lead := range leads {
				class := int(indicator(good))
				all[j] = append(all[j], score(p, i, lead*indicator(good)+noise(random, shared[j][class], likeness)))
			}
		}
	}
	return labels, all
}

func lead(auc float64) float64 { return math.Sqrt2 * distuv.UnitNormal.Quantile(auc) }

// accuracy is images that a reward puts on the right side of 0.5.
var accuracy = scenario{
	name: "images told right", sizes: []int{8, 30, 120}, truths: []float64{0.5, 0.7, 0.9, 0.98}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		prompts, truths := d.draw(), d.truths(c.truth, 1)
		threshold := 0.5
		return map[string]float64{metric.RewardAccuracyShare: c.truth}, func(random *rand.Rand) ([]record.Metric, error) {
			var labels []table.Label
			var scores []table.Score
			for _, p := range prompts {
				right := ease(random, truths[p.stratum], c.likeness)
				for i := range images {
					good := random.Uint64()&1 == 0
					labels = append(labels, label(p, i, "1", word(good)))
					scores = append(scores, score(p, i, 0.1+0.7*indicator(good == (random.Float64() < right))+0.1*random.Float64()))
				}
			}
			return metrics(metric.RewardAccuracy(metric.RewardAccuracyInput{Reward: "reward", Scores: scores, Labels: labels, Threshold: &threshold}))
		}
	},
}

// pairs is pairs of a good and a bad image of one prompt, of which as many are ordered
// right in every stratum.
var pairs = scenario{
	name: "pairs", sizes: allSizes, truths: []float64{0.02, 0.3, 0.5, 0.7, 0.9, 0.98}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		prompts, truths := d.draw(), d.truths(0.5, 0.6)
		return map[string]float64{metric.PairwiseAccuracy: c.truth, metric.AUCWithinPrompt: c.truth},
			func(random *rand.Rand) ([]record.Metric, error) {
				labels, scores := judged(random, prompts, truths, c.likeness, lead(c.truth))
				return metrics(metric.RewardAccuracy(metric.RewardAccuracyInput{Reward: "reward", Scores: scores[0], Labels: labels}))
			}
	},
}

// area is pairs over all prompts, where 60 % of the images are good.
var area = scenario{
	name: "AUC", sizes: allSizes, truths: []float64{0.02, 0.3, 0.5, 0.7, 0.85, 0.95, 0.98}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		prompts, truths := d.draw(), d.truths(0.6, 0.6)
		return map[string]float64{metric.AUC: c.truth}, func(random *rand.Rand) ([]record.Metric, error) {
			labels, scores := judged(random, prompts, truths, c.likeness, lead(c.truth))
			return metrics(metric.RewardAccuracy(metric.RewardAccuracyInput{Reward: "reward", Scores: scores[0], Labels: labels}))
		}
	},
}

// rewards is two rewards on the same images, the second better in 5 of 100 pairs.
var rewards = scenario{
	name: "two rewards", sizes: allSizes, truths: []float64{0.5, 0.7, 0.85, 0.93}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		const more = 0.05
		d := designOf(c.size)
		prompts, truths := d.draw(), d.truths(0.5, 0.6)
		return map[string]float64{metric.PairwiseAccuracyDifference: 100 * more, metric.AUCDifference: 100 * more},
			func(random *rand.Rand) ([]record.Metric, error) {
				labels, scores := judged(random, prompts, truths, c.likeness, lead(c.truth), lead(c.truth+more))
				return metric.RewardComparison(metric.RewardComparisonInput{
					Labels: labels, Rewards: []metric.ScoredBy{{Reward: "first", Scores: scores[0]}, {Reward: "second", Scores: scores[1]}},
				})
			}
	},
}
