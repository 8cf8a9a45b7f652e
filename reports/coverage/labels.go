package main

import (
	"math/rand/v2"
	"strconv"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// label is one rater's word on an image.
func label(p prompt, image int, rater, word string) table.Label {
	return table.Label{ImageID: p.image(image), Prompt: p.text, Category: p.category, Split: p.split, Rater: rater, Label: word}
}

func word(good bool) string {
	if good {
		return "good"
	}
	return "bad"
}

// labelled is a single rater's labels of images that are good by a share of each prompt.
func labelled(random *rand.Rand, prompts []prompt, share func(prompt) float64) []table.Label {
	var labels []table.Label
	for _, p := range prompts {
		e := share(p)
		for i := range images {
			labels = append(labels, label(p, i, "1", word(random.Float64() < e)))
		}
	}
	return labels
}

// sides makes up the labels of two models whose logits are 0.7 apart. In half of the
// prompts what makes the one good makes the other good.
func sides(c cell) (d design, first, second func(random *rand.Rand) []table.Label, difference float64) {
	d = designOf(c.size)
	other := moved(c.truth, -0.7)
	truths, others := d.truths(c.truth, 1), d.truths(other, 0.6)
	prompts := d.draw()
	// The luck of a prompt is drawn by a seed that both may share.
	side := func(truths []float64, luck uint64) func(random *rand.Rand) []table.Label {
		return func(random *rand.Rand) []table.Label {
			common := random.Uint64()
			own := rand.New(rand.NewPCG(random.Uint64(), luck))
			return labelled(own, prompts, func(p prompt) float64 {
				stream := rand.New(rand.NewPCG(common, hashed(p.text)))
				if stream.Uint64()&1 == 0 {
					stream = own
				}
				return ease(stream, truths[p.stratum], c.likeness)
			})
		}
	}
	return d, side(truths, 1), side(others, 2), c.truth - other
}

// both draws the labels of two sides of one experiment.
func both(random *rand.Rand, first, second func(random *rand.Rand) []table.Label) (a, b []table.Label) {
	seed, stream := random.Uint64(), random.Uint64()
	return first(rand.New(rand.NewPCG(seed, stream))), second(rand.New(rand.NewPCG(seed, stream)))
}

// good is images of a model and of its baseline.
var good = scenario{
	name: "good images", sizes: allSizes, truths: allTruths, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		_, first, second, difference := sides(c)
		return map[string]float64{metric.GoodShare: c.truth, metric.GoodShareDifference: 100 * difference},
			func(random *rand.Rand) ([]record.Metric, error) {
				a, b := both(random, first, second)
				return metrics(metric.Alignment(metric.AlignmentInput{Model: "model", Baseline: "base", ModelLabels: a, BaselineLabels: b}))
			}
	},
}

// bestOf is the same with chosen images.
var bestOf = scenario{
	name: "best of n", sizes: []int{8, 30, 120}, truths: []float64{0.05, 0.5, 0.95}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		_, first, second, difference := sides(c)
		return map[string]float64{metric.BestOfGoodShareDifference: 100 * difference},
			func(random *rand.Rand) ([]record.Metric, error) {
				a, b := both(random, first, second)
				return metrics(metric.BestOf(metric.BestOfInput{
					Model: "base", N: 4 * images, Keep: images, Chosen: []metric.Chosen{{Reward: "reward", Labels: a}}, Random: b,
				}))
			}
	},
}

// shares of prompts that are won and lost, by win - lose.
var wonAndLost = map[float64][2]float64{
	-0.2: {0.1, 0.3}, 0: {0.05, 0.05}, 0.02: {0.03, 0.01}, 0.03: {0.03, 0}, 0.08: {0.1, 0.02}, 0.2: {0.3, 0.1},
	0.4: {0.5, 0.1}, 0.7: {0.72, 0.02}, 0.9: {0.92, 0.02}, 0.98: {0.98, 0},
}

// outcomes is prompts that a model wins, ties or loses with all of its images.
var outcomes = scenario{
	name: "won and lost prompts", sizes: allSizes, truths: []float64{-0.2, 0, 0.02, 0.03, 0.08, 0.2, 0.4, 0.7, 0.9, 0.98}, likeness: []float64{1},
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		prompts := d.draw()
		won, lost := wonAndLost[c.truth][0], wonAndLost[c.truth][1]
		wins := d.truths(won, 0.6)
		// Losses are as likely in every stratum, as far as its wins leave room.
		var losses []float64
		lost = 0
		for h, s := range d {
			losses = append(losses, min(wonAndLost[c.truth][1], 1-wins[h]))
			lost += losses[h] * float64(s.prompts) / float64(c.size)
		}
		return map[string]float64{
				metric.WinShare: won, metric.TieShare: 1 - won - lost, metric.LoseShare: lost, metric.WinMinusLose: 100 * (won - lost),
			}, func(random *rand.Rand) ([]record.Metric, error) {
				var a, b []table.Label
				for _, p := range prompts {
					u := random.Float64()
					win := u < wins[p.stratum]
					lose := !win && u < wins[p.stratum]+losses[p.stratum]
					a, b = append(a, label(p, 0, "1", word(win))), append(b, label(p, 0, "1", word(lose)))
				}
				return metrics(metric.Alignment(metric.AlignmentInput{Model: "model", Baseline: "base", ModelLabels: a, BaselineLabels: b}))
			}
	},
}

// skips is labels that raters leave out.
var skips = scenario{
	name: "skipped labels", sizes: []int{8, 30, 120}, truths: []float64{0.02, 0.1, 0.5}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		prompts, truths := d.draw(), d.truths(c.truth, 1)
		return map[string]float64{metric.SkipShare: c.truth}, func(random *rand.Rand) ([]record.Metric, error) {
			var labels []table.Label
			for _, p := range prompts {
				e := ease(random, truths[p.stratum], c.likeness)
				for i := range images {
					said := "good"
					if random.Float64() < e {
						said = "skip"
					}
					labels = append(labels, label(p, i, "1", said))
				}
			}
			return metrics(metric.Alignment(metric.AlignmentInput{Model: "model", ModelLabels: labels}))
		}
	},
}

// agreement is raters who agree on easy images and toss a coin on hard ones. Half of
// the easy images are good, so that with e the share of easy ones alpha is e, and two
// raters agree on (1 + e)/2 of the images.
var agreement = scenario{
	name: "raters", sizes: allSizes, truths: allTruths, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		const raters = 3
		d := designOf(c.size)
		prompts, truths := d.draw(), d.truths(c.truth, 1)
		return map[string]float64{metric.AgreementAlpha: c.truth, metric.AgreementShare: (1 + c.truth) / 2},
			func(random *rand.Rand) ([]record.Metric, error) {
				var labels []table.Label
				for _, p := range prompts {
					e := ease(random, truths[p.stratum], c.likeness)
					liked := ease(random, 0.5, c.likeness)
					for i := range images {
						easy, good := random.Float64() < e, random.Float64() < liked
						for rater := range raters {
							says := good
							if !easy {
								says = random.Uint64()&1 == 0
							}
							labels = append(labels, label(p, i, strconv.Itoa(rater+1), word(says)))
						}
					}
				}
				return metrics(metric.Agreement(metric.AgreementInput{Subject: "model", Labels: labels}))
			}
	},
}

// metrics leaves out the values of prompts.
func metrics(all []record.Metric, _ []dataset.PromptValue, err error) ([]record.Metric, error) {
	return all, err
}
