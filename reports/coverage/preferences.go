package main

import (
	"math"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// chances are those of better, worse and tie.
type chances [3]float64

var choiceWords = [3]string{"better", "worse", "tie"}

func (c chances) draw(random *rand.Rand) string {
	u := random.Float64()
	for i, chance := range c {
		if u -= chance; u < 0 {
			return choiceWords[i]
		}
	}
	return choiceWords[2]
}

// choices makes up one rater's choices between two models' images. The pairs of a prompt
// come out as one of it does, by likeness.
func choices(random *rand.Rand, prompts []prompt, model, versus string, likeness float64, of func(prompt) chances) []table.Preference {
	var rows []table.Preference
	for _, p := range prompts {
		common := of(p).draw(random)
		for i := range images {
			choice := of(p).draw(random)
			if random.Float64() < math.Sqrt(likeness) {
				choice = common
			}
			rows = append(rows, table.Preference{
				ImageID: p.image(i), Model: model, Versus: versus, Aspect: "alignment",
				Prompt: p.text, Category: p.category, Split: p.split, Rater: "1", Choice: choice,
			})
		}
	}
	return rows
}

// preferred are chances with a mean preference, of which six in ten tie where nothing is
// preferred, and none where all are.
func preferred(mean float64) chances {
	net := 2*mean - 1
	decided := 1 - 0.6*(1-math.Abs(net))
	return chances{(decided + net) / 2, (decided - net) / 2, 1 - decided}
}

// preferences is images of two models side by side.
var preferences = scenario{
	name: "preferences", sizes: allSizes, truths: []float64{0.02, 0.3, 0.45, 0.5, 0.55, 0.7, 0.9, 0.98}, likeness: likenesses,
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		d := designOf(c.size)
		prompts, truths := d.draw(), d.truths(c.truth, 0.6)
		var better, tie, worse float64
		for h, s := range d {
			of, share := preferred(truths[h]), float64(s.prompts)/float64(c.size)
			better, worse, tie = better+share*of[0], worse+share*of[1], tie+share*of[2]
		}
		truth := map[string]float64{
			metric.PreferenceMean: c.truth, metric.PreferenceBetterShare: better, metric.PreferenceTieShare: tie, metric.PreferenceWorseShare: worse,
		}
		return truth, func(random *rand.Rand) ([]record.Metric, error) {
			rows := choices(random, prompts, "model", "base", c.likeness, func(p prompt) chances { return preferred(truths[p.stratum]) })
			return metrics(metric.Preference(metric.PreferenceInput{Model: "model", Versus: "base", Choices: rows}))
		}
	},
}

// strengths and fewWins are three models two by two, of which the second wins by a share
// against the first, ties aside, and the third as often as the first; in fewWins equals
// tie in 86 of 100 pairs.
var (
	strengths = byStrength("strengths", allSizes, 1.5)
	fewWins   = byStrength("strengths, many ties", []int{8, 30, 120}, 12)
)

// byStrength is models by Davidson's model, ties its ν.
func byStrength(name string, sizes []int, ties float64) scenario {
	return scenario{name: name, sizes: sizes, truths: []float64{0.1, 0.3, 0.5, 0.7, 0.9}, likeness: likenesses,
		prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
			prompts := designOf(c.size).draw()
			stronger := math.Log(c.truth / (1 - c.truth))
			between := func(lead float64) func(prompt) chances {
				first, second, tie := math.Exp(lead/2), math.Exp(-lead/2), ties
				sum := first + second + tie
				return func(prompt) chances { return chances{first / sum, second / sum, tie / sum} }
			}
			return map[string]float64{metric.StrengthDifference: stronger}, func(random *rand.Rand) ([]record.Metric, error) {
				all, err := metric.Strengths(metric.StrengthInput{Models: []string{"base", "model", "other"}, Baseline: "base", Choices: [][]table.Preference{
					choices(random, prompts, "model", "base", c.likeness, between(stronger)),
					choices(random, prompts, "other", "base", c.likeness, between(0)),
					choices(random, prompts, "model", "other", c.likeness, between(stronger)),
				}})
				var of []record.Metric
				for _, m := range all {
					if m.Subject == "model" {
						of = append(of, m)
					}
				}
				return of, err
			}
		},
	}
}
