package metric

import (
	"math"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Uncertainty says of each score how far it is from where the reward would call the image
// neither good nor bad: the smaller, the less sure the reward is. To label the nearest
// images first is uncertainty sampling (Lewis and Gale, A Sequential Algorithm for
// Training Text Classifiers, SIGIR 1994), which takes the examples whose probability of a
// class is nearest to 0.5.
//
// Scores that look like probabilities (see LikeProbabilities) are measured from 0.5.
// Others have no such point, and are measured from their median: of an even number, the
// mean of the two in the middle. The distances then depend on which images are scored.
func Uncertainty(scores []table.Score) []float64 {
	if len(scores) == 0 {
		return nil
	}
	middle := 0.5
	if !LikeProbabilities(scores) {
		sorted := make([]float64, len(scores))
		for i, s := range scores {
			sorted[i] = s.Score
		}
		slices.Sort(sorted)
		n := len(sorted)
		middle = sorted[(n-1)/2]/2 + sorted[n/2]/2
	}
	distances := make([]float64, len(scores))
	for i, s := range scores {
		distances[i] = math.Abs(s.Score - middle)
	}
	return distances
}
