package metric

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// RewardComparisonInput is the scores that several rewards give to the same images,
// which raters labelled.
type RewardComparisonInput struct {
	Rewards []ScoredBy // each is compared with those before it; the first is the baseline
	Rater   string
	Model   string // whose images they are
	Labels  []table.Label
	Seed    uint64 // of random sign flips, where not all are tried
}

// ScoredBy is the scores of a reward.
type ScoredBy struct {
	Reward string
	Scores []table.Score
}

// RewardComparison measures by how much one reward agrees better with the raters
// than another, for every two of them. Both score the same images, so the difference
// is paired by prompt, and its interval is narrower than those of the two numbers let
// one think. Subject is the later reward, Versus the earlier one; in percentage
// points, each with the p value of the test that there is no difference:
//
//	pairwise_accuracy_difference  of the pairs of a good and a bad image of one prompt
//	auc_difference                of the pairs over all prompts
//	reward_accuracy_difference    of the images; it compares the thresholds as well
//
// The first and the last are tested by exchanging the two rewards prompt by prompt
// (sign flips); the second by its interval.
func RewardComparison(in RewardComparisonInput) ([]record.Metric, error) {
	var contestants []contestant
	for _, scored := range in.Rewards {
		of := RewardAccuracyInput{Reward: scored.Reward, Rater: in.Rater, Model: in.Model, Scores: scored.Scores, Labels: in.Labels}
		prompts, m, err := judge(of)
		if err != nil {
			return nil, err
		}
		contestants = append(contestants, contestant{m, prompts, of.threshold(fitThreshold(prompts)), constantScore(scored.Scores)})
	}
	var metrics []record.Metric
	var prompts [][]promptKey
	for _, c := range contestants {
		prompts = append(prompts, promptKeysOf(c.prompts, judgedSetKey))
	}
	e := newEstimator(in.Seed, prompts...)
	for i, later := range contestants {
		for _, earlier := range contestants[:i] {
			metrics = append(metrics, later.against(earlier, e)...)
		}
	}
	return metrics, nil
}

// contestant is a reward with the images that it scores.
type contestant struct {
	metric    record.Metric
	prompts   []judgedSet
	threshold threshold
	constant  bool // every image has the same score
}

// rivals is one prompt's images with the scores of two rewards, image by image.
type rivals struct {
	promptKey
	first, second judgedSet
}

func rivalsKey(r rivals) promptKey { return r.promptKey }

func (c contestant) against(other contestant, e estimator) []record.Metric {
	m := c.metric
	m.Versus = other.metric.Subject
	if other.metric.Note != "" && other.metric.Note != m.Note {
		m.Note = join(m.Note, other.metric.Note)
	}
	paired := meet(c.prompts, other.prompts)
	var metrics []record.Metric
	for _, s := range scopes(promptKeysOf(paired, rivalsKey)) {
		inside := within(paired, s, rivalsKey)
		compared := e.compareRewards(at(m, s), inside, c.threshold, other.threshold)
		for _, one := range []contestant{c, other} {
			if one.constant {
				for i := range compared {
					compared[i] = without(compared[i], one.metric.Subject+" gives every image the same score")
				}
			}
		}
		metrics = append(metrics, compared...)
	}
	return metrics
}

// meet keeps the images that both rewards score.
func meet(first, second []judgedSet) []rivals {
	scores := map[string]judged{}
	for _, prompt := range second {
		for _, image := range prompt.images {
			scores[image.image] = image
		}
	}
	var paired []rivals
	for _, prompt := range first {
		r := rivals{promptKey: prompt.promptKey}
		for _, image := range prompt.images {
			if other, both := scores[image.image]; both {
				r.first.images, r.second.images = append(r.first.images, image), append(r.second.images, other)
			}
		}
		if len(r.first.images) > 0 {
			r.first.promptKey, r.second.promptKey = r.promptKey, r.promptKey
			paired = append(paired, r)
		}
	}
	return paired
}

func (e estimator) compareRewards(m record.Metric, prompts []rivals, first, second threshold) []record.Metric {
	var firsts, seconds []judgedSet
	for _, prompt := range prompts {
		firsts, seconds = append(firsts, prompt.first), append(seconds, prompt.second)
	}
	pairs := e.pairedShares(m, PairwiseAccuracyDifference, PairwiseAccuracyDifferenceP, firsts, seconds, judgedSet.pairs, judgedSet.pairs)
	images := m
	images.Protocol = with(m.Protocol, "thresholds", fmt.Sprintf("%s: %s; %s: %s", m.Subject, first.source, m.Versus, second.source))
	accuracy := e.pairedShares(images, RewardAccuracyDifference, RewardAccuracyDifferenceP, firsts, seconds,
		func(s judgedSet) stats.Cluster { return s.correct(first.score) },
		func(s judgedSet) stats.Cluster { return s.correct(second.score) })
	difference, p := e.areaDifference(as(m, AUCDifference), as(m, AUCDifferenceP), promptKeysOf(firsts, judgedSetKey), scoredItems(firsts), scoredItems(seconds))
	return append(append(pairs, difference, p), accuracy...)
}

// pairedShares is the difference of a share of two rewards and its p value. Prompts
// without pairs of a good and a bad image have no share of them by either reward.
func (e estimator) pairedShares(m record.Metric, name, nameP string, firsts, seconds []judgedSet, first, second func(judgedSet) stats.Cluster) []record.Metric {
	var a, b []stats.Cluster
	var differences []float64
	n := 0
	for i := range firsts {
		one, other := first(firsts[i]), second(seconds[i])
		if one.N == 0 {
			continue
		}
		at := firsts[i].promptKey
		a, b = append(a, e.in(at, one)), append(b, e.in(at, other))
		differences = append(differences, one.Sum-other.Sum)
		n += int(one.N)
	}
	if len(a) == 0 {
		const why = "no prompt has both a good and a bad image"
		return []record.Metric{without(as(m, name), why), without(as(m, nameP), why)}
	}
	difference, p := e.difference(as(m, name), a, b), as(m, nameP)
	p.N, p.Clusters = n, len(a)
	return []record.Metric{difference, e.signFlip(p, differences)}
}
