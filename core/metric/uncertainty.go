package metric

import (
	"math"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Undecided is the score at which a reward would call an image neither good nor bad: 0.5
// of scores that look like probabilities (see LikeProbabilities). Others have no such
// point, and their median takes its place: of an even number, the mean of the two in the
// middle. It then depends on which images are scored.
func Undecided(scores []table.Score) float64 {
	if len(scores) == 0 || LikeProbabilities(scores) {
		return 0.5
	}
	sorted := make([]float64, len(scores))
	for i, s := range scores {
		sorted[i] = s.Score
	}
	slices.Sort(sorted)
	n := len(sorted)
	return sorted[(n-1)/2]/2 + sorted[n/2]/2
}

// Uncertainty says of each score how far it is from where the reward is Undecided: the
// smaller, the less sure the reward is. To label the nearest images first is uncertainty
// sampling (Lewis and Gale, A Sequential Algorithm for Training Text Classifiers, SIGIR
// 1994), which takes the examples whose probability of a class is nearest to 0.5.
func Uncertainty(scores []table.Score) []float64 {
	middle := Undecided(scores)
	distances := make([]float64, len(scores))
	for i, s := range scores {
		distances[i] = math.Abs(s.Score - middle)
	}
	return distances
}
