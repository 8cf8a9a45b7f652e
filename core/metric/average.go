package metric

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// AverageRewardInput is a reward's scores of a model's images.
type AverageRewardInput struct {
	Model, Reward string
	Scores        []table.Score

	// Baseline and its scores of the same prompts are optional; with them the
	// difference to the baseline is measured too, paired by prompt.
	Baseline       string
	BaselineScores []table.Score

	Seed uint64 // of random sign flips, where not all are tried
}

// AverageReward is the mean of a reward over a model's images,
//
//	average_reward = 1/n sum over images of r(image, prompt)
//
// overall, by split, by category, and by both; with BaselineScores also
// average_reward_difference, the model's mean minus the baseline's, and the p value of
// its sign-flip test over prompts. The per-prompt values are named average_reward/REWARD. A score that is NaN or
// infinite is an error that names the image.
//
// Of the further numbers that a reward gives of an image, its parts, average_part and
// average_part_difference are the same; their values are named average_part/REWARD/PART.
//
// Scores that all lie between 0 and 1, as learned rewards do, are near the ends as
// skewed as shares are; their intervals are those of shares.
func AverageReward(in AverageRewardInput) ([]record.Metric, []dataset.PromptValue, error) {
	metrics, values, err := in.average(in.Reward, AverageRewardMean, AverageRewardDifference, AverageRewardDifferenceP, "")
	if err != nil {
		return nil, nil, err
	}
	for _, part := range partsOf(in.Scores) {
		of := in
		if of.Scores, err = scoresOfPart(in.Scores, part); err == nil {
			of.BaselineScores, err = scoresOfPart(in.BaselineScores, part)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("scores by %s: %w", in.Reward, err)
		}
		more, further, err := of.average(in.Reward+"/"+part, AveragePartMean, AveragePartDifference, "", part)
		if err != nil {
			return nil, nil, err
		}
		metrics, values = append(metrics, more...), append(values, further...)
	}
	return metrics, values, nil
}

// average is the mean of one number, which is called by its reward, the difference to
// the baseline's and its p value, as metrics of these names; nameP is empty where nothing
// is tested.
func (in AverageRewardInput) average(called, mean, difference, nameP, part string) ([]record.Metric, []dataset.PromptValue, error) {
	model, err := scoreSets(in.Scores)
	if err != nil {
		return nil, nil, fmt.Errorf("scores of %s by %s: %w", in.Model, called, err)
	}
	baseline, err := scoreSets(in.BaselineScores)
	if err != nil {
		return nil, nil, fmt.Errorf("scores of %s by %s: %w", in.Baseline, called, err)
	}
	e := newEstimator(in.Seed, promptKeysOf(model, scoreSetKey))
	m := record.Metric{Subject: in.Model, Reward: in.Reward, Part: part}
	var metrics []record.Metric
	var values []dataset.PromptValue
	constant, bounded := constantScore(in.Scores), sharelike(in.Scores) && sharelike(in.BaselineScores)
	for _, s := range scopes(promptKeysOf(model, scoreSetKey)) {
		average := as(at(m, s), mean)
		var clusters []stats.Cluster
		for _, prompt := range within(model, s, scoreSetKey) {
			clusters = append(clusters, e.in(prompt.promptKey, prompt.cluster()))
		}
		if bounded {
			average = e.bounded(average, clusters)
		} else {
			average = e.mean(average, clusters)
		}
		if constant && average.Value != nil {
			average.Low, average.High = nil, nil
			why := "every image has the same score: the reward does not look at them"
			if part != "" {
				why = "every image has the same number"
			}
			average.Note = join(average.Note, why)
		}
		metrics = append(metrics, average)
	}
	for _, prompt := range model {
		c := prompt.cluster()
		values = append(values, promptValue(m, mean+"/"+called, prompt.promptKey, c.Sum/c.N, int(c.N)))
	}
	if in.BaselineScores == nil {
		return metrics, values, nil
	}
	m.Versus = in.Baseline
	first, second := aligned(model, baseline)
	for _, s := range scopes(promptKeysOf(first, scoreSetKey)) {
		against := as(at(m, s), difference)
		var a, b []stats.Cluster
		var differences []float64
		for i := range first {
			if s.holds(first[i].promptKey) {
				one, other := first[i].cluster(), second[i].cluster()
				a = append(a, e.in(first[i].promptKey, one))
				b = append(b, e.in(first[i].promptKey, other))
				differences = append(differences, one.Sum/one.N-other.Sum/other.N)
			}
		}
		if bounded {
			against = e.difference(against, a, b)
		} else {
			against = e.meanDifference(against, a, b)
		}
		metrics = append(metrics, against)
		if nameP != "" {
			p := as(at(m, s), nameP)
			p.N, p.Clusters = against.N, against.Clusters
			metrics = append(metrics, e.signFlip(p, differences))
		}
	}
	return metrics, values, nil
}

// partsOf lists the further numbers of scores, which all rows have, sorted.
func partsOf(scores []table.Score) []string {
	if len(scores) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(scores[0].Parts))
}

// scoresOfPart are scores with a further number in the place of the score.
func scoresOfPart(scores []table.Score, part string) ([]table.Score, error) {
	of := slices.Clone(scores)
	for i := range of {
		value, ok := of[i].Parts[part]
		if !ok {
			return nil, fmt.Errorf("image %q has no part %q", of[i].ImageID, part)
		}
		of[i].Score = value
	}
	return of, nil
}

// scoreSet is the scores of one prompt's images.
type scoreSet struct {
	promptKey
	scores []table.Score
}

func scoreSetKey(s scoreSet) promptKey { return s.promptKey }

func (s scoreSet) cluster() stats.Cluster {
	c := stats.Cluster{N: float64(len(s.scores))}
	for _, score := range s.scores {
		c.Sum += score.Score
	}
	return c
}

// scoreSets checks scores and groups them by prompt, sorted by prompt and image.
func scoreSets(scores []table.Score) ([]scoreSet, error) {
	sorted := slices.Clone(scores)
	slices.SortFunc(sorted, func(a, b table.Score) int {
		return cmp.Or(comparePromptKeys(scoreKey(a), scoreKey(b)), compareIDs(a.ImageID, b.ImageID))
	})
	seen := map[string]bool{}
	var grouped []scoreSet
	for _, score := range sorted {
		if math.IsNaN(score.Score) || math.IsInf(score.Score, 0) {
			return nil, fmt.Errorf("image %q has the score %v", score.ImageID, score.Score)
		}
		if seen[score.ImageID] {
			return nil, fmt.Errorf("image %q is scored twice", score.ImageID)
		}
		seen[score.ImageID] = true
		if n := len(grouped); n == 0 || grouped[n-1].promptKey != scoreKey(score) {
			grouped = append(grouped, scoreSet{promptKey: scoreKey(score)})
		}
		last := &grouped[len(grouped)-1]
		last.scores = append(last.scores, score)
	}
	return grouped, nil
}

func scoreKey(s table.Score) promptKey { return promptKey{s.Category, s.Prompt, s.Split} }

// aligned keeps the prompts that both sides have, in the same order.
func aligned(first, second []scoreSet) (a, b []scoreSet) {
	other := map[promptKey]scoreSet{}
	for _, s := range second {
		other[s.promptKey] = s
	}
	for _, s := range first {
		if match, ok := other[s.promptKey]; ok {
			a, b = append(a, s), append(b, match)
		}
	}
	return a, b
}

// sharelike reports whether all scores lie between 0 and 1.
func sharelike(scores []table.Score) bool {
	for _, s := range scores {
		if s.Score < 0 || s.Score > 1 {
			return false
		}
	}
	return true
}

// constantScore reports whether two or more scores are all the same.
func constantScore(scores []table.Score) bool {
	for _, s := range scores {
		if s.Score != scores[0].Score {
			return false
		}
	}
	return len(scores) > 1
}
