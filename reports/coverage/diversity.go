package main

import (
	"math/rand/v2"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// Diversity of features of known distribution. The truth is by how much the model's images
// of a prompt are nearer to each other than the baseline's: with 0 they draw alike, and
// with 0.9 a tenth of what tells images of a prompt apart is left.
var diversity = scenario{"diversity, width 8", []int{4, 8, 15, 30}, []float64{0, 0.9}, []float64{0.3, 0.9}, func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
	w := newFeatureWorld(8, c)
	baseline := featureModel{shift: 0.5, shrink: 0.9, noise: 1.1}
	model := baseline
	model.noise *= 1 - c.truth
	measure := func(random *rand.Rand) ([]record.Metric, error) {
		_, of := w.draw(random, model, baseline)
		return metrics(metric.Diversity(metric.DiversityInput{
			Model: "model", Baseline: "baseline", Encoder: "gaussian", Seed: random.Uint64(), Features: of[0], BaselineFeatures: of[1],
		}))
	}
	truth := w.diverse(model)
	theirs := w.diverse(baseline)
	truth[metric.PairwiseDistanceDifference] = truth[metric.PairwiseDistance] - theirs[metric.PairwiseDistance]
	truth[metric.VendiScoreDifference] = truth[metric.VendiScore] - theirs[metric.VendiScore]
	return truth, measure
}}

// diversePrompts is how many prompts a true diversity is the mean of: its error is a
// fifteenth of that of the largest experiments.
const diversePrompts = 20_000

// diverse is the mean diversity of endlessly many prompts in the world's proportions, of
// as many images of each as are measured. Nobody knows it in closed form.
func (w featureWorld) diverse(m featureModel) map[string]float64 {
	random := rand.New(rand.NewPCG(2, 1))
	sums := map[string]float64{}
	n := 0
	for ; n*w.prompts < diversePrompts; n++ {
		_, of := w.draw(random, m)
		_, values, err := metric.Diversity(metric.DiversityInput{Model: "model", Features: of[0]})
		if err != nil {
			panic(err) // finite features of one width
		}
		for _, v := range values {
			sums[v.Metric] += v.Value
		}
	}
	for name := range sums {
		sums[name] /= float64(n * w.prompts)
	}
	return sums
}
