package metric

import (
	"errors"
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	strengthProtocol  = "maximum likelihood of Bradley and Terry's model with Davidson's ties, of all pairs of models together; each pair of images counts once, shared among its raters"
	strengthIntervals = "95 %, t, sandwich over prompts by their spread within category and split"
	strengthTests     = "t test over prompts, by the sandwich"
)

// StrengthInput is what raters say of the images of three or more models, two by two.
type StrengthInput struct {
	Models   []string
	Baseline string
	Choices  [][]table.Preference // of each two models that were compared
	Rater    string
}

// Strengths places several models on one scale, for each aspect that raters were asked
// about, by all choices between any two of them:
//
//	strength                log odds, beside the mean of all models
//	strength_difference     from the baseline's, with
//	strength_difference_p   its p value
//
// Two models whose strengths are d apart win against each other, ties aside, in 1/(1 +
// exp(-d)) of the cases. See stats.BradleyTerry. Where a model wins or loses all of its
// pairs, its strength has no bound, and none is given. Overall, by split, by category,
// and by both.
func Strengths(in StrengthInput) ([]record.Metric, error) {
	type pairs struct {
		first, second int
		prompts       []preferred
	}
	var aspects []string
	of := map[string][]pairs{}
	raters := map[string]int{}
	for _, rows := range in.Choices {
		if len(rows) == 0 {
			continue
		}
		first, second := slices.Index(in.Models, rows[0].Model), slices.Index(in.Models, rows[0].Versus)
		if first < 0 || second < 0 {
			return nil, fmt.Errorf("choices between %s and %s, of which one is no model that is measured", rows[0].Model, rows[0].Versus)
		}
		all, err := byPair(rows)
		if err != nil {
			return nil, fmt.Errorf("choices between %s and %s: %w", rows[0].Model, rows[0].Versus, err)
		}
		for _, a := range all {
			if !slices.Contains(aspects, a.aspect) {
				aspects = append(aspects, a.aspect)
			}
			of[a.aspect] = append(of[a.aspect], pairs{first, second, a.prompts})
			raters[a.aspect] = max(raters[a.aspect], a.raters)
		}
	}
	slices.Sort(aspects)
	var metrics []record.Metric
	for _, aspect := range aspects {
		m := record.Metric{Rater: in.Rater, Aspect: aspect, Protocol: map[string]string{
			"rater": in.Rater, "raters": fmt.Sprint(raters[aspect]), "aspect": aspect, "strength": strengthProtocol,
		}}
		var keys []promptKey
		for _, p := range of[aspect] {
			keys = append(keys, promptKeysOf(p.prompts, preferredKey)...)
		}
		slices.SortFunc(keys, comparePromptKeys)
		keys = slices.Compact(keys)
		e := newEstimator(0, keys)
		for _, s := range scopes(keys) {
			inside := within(keys, s, func(k promptKey) promptKey { return k })
			cluster := map[promptKey]int{}
			for i, key := range inside {
				cluster[key] = i
			}
			var compared []stats.Comparison
			for _, p := range of[aspect] {
				for _, prompt := range p.prompts {
					if i, in := cluster[prompt.promptKey]; in {
						compared = append(compared, prompt.comparisons(p.first, p.second, i)...)
					}
				}
			}
			metrics = append(metrics, in.strengths(at(m, s), compared, e.strataOf(inside), e)...)
		}
	}
	return metrics, nil
}

// strengths is the metrics of all models by some comparisons.
func (in StrengthInput) strengths(m record.Metric, compared []stats.Comparison, strata []int, e estimator) []record.Metric {
	var weight float64
	for _, c := range compared {
		weight += c.Weight
	}
	m.N, m.Clusters = int(weight+0.5), len(strata)
	fitted, err := stats.BradleyTerry(len(in.Models), len(strata), compared)
	baseline := slices.Index(in.Models, in.Baseline)
	var metrics []record.Metric
	for i, model := range in.Models {
		m := m
		m.Subject = model
		if err != nil {
			metrics = append(metrics, without(as(m, Strength), whyApart(err)))
		} else {
			interval, none := fitted.Of(i, strata, stats.Level)
			metrics = append(metrics, e.complete(as(m, Strength), fitted.Log[i], strengthIntervals, interval, none))
		}
		if baseline < 0 || i == baseline {
			continue
		}
		m.Versus = in.Baseline
		difference, p := as(m, StrengthDifference), as(m, StrengthDifferenceP)
		if err != nil {
			metrics = append(metrics, without(difference, whyApart(err)), without(p, whyApart(err)))
			continue
		}
		interval, chance, none := fitted.Difference(i, baseline, strata, stats.Level)
		difference = e.complete(difference, fitted.Log[i]-fitted.Log[baseline], strengthIntervals, interval, none)
		if none != nil {
			p = without(p, "no test: "+whyNone(none))
		} else {
			p.Protocol = with(p.Protocol, "test", strengthTests)
			p = number(p, chance)
		}
		metrics = append(metrics, difference, p)
	}
	return metrics
}

func whyApart(err error) string {
	if errors.Is(err, stats.ErrApart) {
		return "a model wins or loses all of its pairs, ties aside, or is compared with none: its strength has no bound"
	}
	return err.Error()
}

// comparisons is every choice between two models, a pair's weighing 1 together.
func (p preferred) comparisons(first, second, cluster int) []stats.Comparison {
	var all []stats.Comparison
	for _, c := range p.pairs {
		voters := c.better + c.worse + c.tie
		for _, outcome := range []struct {
			times int
			is    stats.Outcome
		}{{c.better, stats.FirstWins}, {c.worse, stats.SecondWins}, {c.tie, stats.Tie}} {
			if outcome.times > 0 {
				all = append(all, stats.Comparison{
					First: first, Second: second, Outcome: outcome.is, Weight: float64(outcome.times) / float64(voters), Cluster: cluster,
				})
			}
		}
	}
	return all
}
