package loss

import (
	"fmt"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk"
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
// away without bound), and not all zero; the error is an sdk.Diagnostic.
func RewardWeights(scores []float64) ([]float64, error) {
	var sum float64
	for i, score := range scores {
		if math.IsNaN(score) || math.IsInf(score, 0) {
			return nil, sdk.Errorf("Score %d of %d is %v: a weight must be a number", i+1, len(scores), score)
		}
		if score < 0 {
			return nil, sdk.Diagnostic{
				Severity: sdk.SeverityError,
				Summary:  "A reward that weighs images gave negative scores",
				Detail: fmt.Sprintf("The lowest of %d is %.4g. A negative weight pushes the model away from an image without bound. "+
					"Weigh by a reward that cannot be negative, such as preference, which is between 0 and 1.", len(scores), slices.Min(scores)),
			}
		}
		sum += score
	}
	if sum == 0 {
		return nil, sdk.Diagnostic{
			Severity: sdk.SeverityError,
			Summary:  "A reward that weighs images likes none of them",
			Detail:   fmt.Sprintf("All %d scores are 0, so there is nothing to learn from. Look at its training curve, and at its labels.", len(scores)),
		}
	}
	if math.IsInf(sum, 0) {
		return nil, sdk.Errorf("The sum of %d scores is too large for a number", len(scores))
	}
	mean := sum / float64(len(scores))
	weights := make([]float64, len(scores))
	for i, score := range scores {
		weights[i] = score / mean
	}
	return weights, nil
}
