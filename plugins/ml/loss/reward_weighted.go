package loss

import (
	"fmt"
	"math"
)

// RewardWeights turns the scores of all images that a reward-weighted loss
// samples from into the factors of their denoising losses, so that
//
//	E_model[ -r(x, z) log p(x | z) ]
//
// (Lee et al. 2023, eq. 3, first term) is the mean over the images of factor
// times denoising loss. The factors are the scores divided by their mean over
// the whole set: what is sampled from it has weight 1 on average, and the
// factor of the pre-training term means the same whatever the reward's scale.
//
// Scores must be finite and not negative (a negative factor pushes the model
// away without bound), and not all zero.
func RewardWeights(scores []float64) ([]float64, error) {
	var sum float64
	for i, score := range scores {
		if math.IsNaN(score) || math.IsInf(score, 0) {
			return nil, fmt.Errorf("score %d is %v: a weight must be a number", i, score)
		}
		if score < 0 {
			return nil, fmt.Errorf("score %d is %v: a reward that weighs images must not be negative", i, score)
		}
		sum += score
	}
	if sum == 0 {
		return nil, fmt.Errorf("all %d scores are 0: the reward likes no image, so there is nothing to learn from", len(scores))
	}
	if math.IsInf(sum, 0) {
		return nil, fmt.Errorf("the sum of %d scores is too large for a float64", len(scores))
	}
	mean := sum / float64(len(scores))
	weights := make([]float64, len(scores))
	for i, score := range scores {
		weights[i] = score / mean
	}
	return weights, nil
}
