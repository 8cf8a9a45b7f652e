package stage

import (
	"math"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Prioritise puts first what a reward is least sure of, by its scores of the pictures
// (uncertainty sampling, Lewis and Gale 1994): an image whose score is nearest to where
// the reward calls one good, which is 0.5 of scores that look like probabilities, else
// their median; and a pair of images whose scores differ least. Of an item without a score
// nothing is known: it comes first.
func Prioritise(items []people.Item, pictures []Picture, scores []table.Score) {
	byID := map[string]float64{}
	all := make([]float64, len(scores))
	for i, score := range scores {
		byID[score.ImageID], all[i] = score.Score, score.Score
	}
	middle := 0.5
	if !metric.LikeProbabilities(scores) && len(all) > 0 {
		slices.Sort(all)
		middle = (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	}
	shown := map[string]float64{} // by labels.BlindID
	for _, picture := range pictures {
		if score, ok := byID[picture.ID]; ok {
			shown[picture.Blind] = score
		}
	}
	for i := range items {
		items[i].Priority = priority(items[i].Images, shown, middle)
	}
}

func priority(images []string, scores map[string]float64, middle float64) float64 {
	low, high := middle, middle
	for n, image := range images {
		score, ok := scores[image]
		switch {
		case !ok:
			return 0 // the largest there is
		case len(images) > 1 && n == 0:
			low, high = score, score
		default:
			low, high = math.Min(low, score), math.Max(high, score)
		}
	}
	return low - high
}
