package stage

import (
	"math"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Prioritise puts first what a reward is least sure of, by its scores of the pictures
// (metric.Uncertainty): an image whose score is nearest to where the reward is undecided,
// and a pair of images whose scores differ least. Of an item without a score nothing is
// known: it comes first.
func Prioritise(items []people.Item, pictures []Picture, scores []table.Score) {
	byID := map[string]float64{}
	for _, score := range scores {
		byID[score.ImageID] = score.Score
	}
	middle := metric.Undecided(scores)
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
