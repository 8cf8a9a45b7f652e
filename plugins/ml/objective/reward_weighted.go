package objective

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// How scores become what images count for.
const (
	proportional = "proportional"
	exponential  = "exponential"
	best         = "best"
)

// What scores are divided by.
const (
	overAll  = "all"
	byPrompt = "prompt"
	notAtAll = "none"
)

// rewardWeightedKind is the paper's loss.
var rewardWeightedKind = Kind{
	Loss: sdk.Loss{
		Name:    "reward_weighted",
		Summary: "Denoising loss of the finetune's images, weighed by the reward's scores (Lee et al. 2023).",
		Needs:   []sdk.Need{sdk.NeedScores},
		Schema: sdk.Schema{Attributes: []sdk.Attribute{
			{Name: "weighting", Type: sdk.TypeString, Default: json.RawMessage(`"proportional"`), OneOf: []string{proportional, exponential, best}, Summary: "How a score becomes a weight: in proportion (the paper); exp(score / temperature); or 1 for the best share of each prompt's images and 0 for others, as rejection-sampling fine-tuning does."},
			{Name: "normalize", Type: sdk.TypeString, OneOf: []string{overAll, byPrompt, notAtAll}, When: &sdk.When{Attribute: "weighting", Is: proportional}, Summary: "What scores are divided by: their mean over all images (all), so that the weight of another loss means the same whatever the reward's scale; their mean over each prompt's images (prompt), so that prompts whose images are mostly bad count as much as others; or nothing (none), as in the paper, whose beta is then the weight of the pre-training loss. All if absent."},
			{Name: "temperature", Type: sdk.TypeNumber, Minimum: sdk.Bound(1e-6), When: &sdk.When{Attribute: "weighting", Is: exponential}, Summary: "What scores are divided by; 1 if absent."},
			{Name: "share", Type: sdk.TypeNumber, Minimum: sdk.Bound(1e-6), Maximum: sdk.Bound(1), When: &sdk.When{Attribute: "weighting", Is: best}, Summary: "Share of each prompt's images that is trained on, at least one; 0.25 if absent."},
		}},
	},
	New: func(text json.RawMessage) (Objective, error) {
		return options(text, rewardWeighted{Weighting: proportional})
	},
}

// rewardWeighted is the first term of Lee et al. 2023, eq. 3,
//
//	E_model[ -r(x, z) log p(x | z) ]
//
// with the denoising error in place of -log p: a mean over the images of factor
// times error. The factors are 1 on average over the whole set, so that the weight
// of another term means the same whatever the reward's scale: beside a pre-training
// loss of weight w, the paper's beta is w times the mean reward. Where Normalize is
// "none" the factors are the scores, and beta is w.
type rewardWeighted struct {
	Weighting   string   `json:"weighting"`
	Normalize   *string  `json:"normalize"`   // nil: "all"
	Temperature *float64 `json:"temperature"` // nil: 1
	BestShare   *float64 `json:"share"`       // nil: 0.25
}

// Examples are the images with their factors. Those that are not among the best are
// left out; other factors of 0, such as of an exponential that underflows, stay, so
// that the factors are 1 on average.
func (r rewardWeighted) Examples(ctx context.Context, sets []Set) ([]Example, error) {
	var images []Image
	var scores []float64
	for _, set := range sets {
		more, err := set.Scores()
		if err != nil {
			return nil, err
		}
		images, scores = append(images, set.Images...), append(scores, more...)
	}
	var factors []float64
	var err error
	switch r.Weighting {
	case exponential:
		factors, err = exponentialFactors(ctx, scores, valueOr(r.Temperature, 1.0))
	case best:
		factors, err = bestFactors(images, scores, valueOr(r.BestShare, 0.25))
	default:
		factors, err = proportionalFactors(images, scores, valueOr(r.Normalize, overAll))
	}
	if err != nil {
		return nil, err
	}
	var examples []Example
	for i, image := range images {
		if factors[i] > 0 || r.Weighting != best {
			examples = append(examples, Example{Images: []int{image.Number}, Factor: factors[i]})
		}
	}
	return examples, nil
}

// Share is the error itself: the factors are the examples'.
func (rewardWeighted) Share(images Images) Share { return denoisingErrors(images) }

// proportionalFactors are the scores, divided by their mean over all images or over
// those of the same prompt, or by nothing. All images of a prompt that has nothing
// but scores of 0 have the factor 0.
//
// Scores must be finite and not negative (a negative factor pushes the model
// away without bound), and not all zero.
func proportionalFactors(images []Image, scores []float64, normalize string) ([]float64, error) {
	if err := finiteScores(scores); err != nil {
		return nil, err
	}
	if lowest := slices.Min(scores); lowest < 0 {
		return nil, refuse("A reward that weighs images gave negative scores",
			"The lowest of %d is %.4g. A negative weight pushes the model away from an image without bound. "+
				"Write weighting = \"exponential\" or \"best\" in the loss, or weigh by a reward that cannot be negative, such as feedback, which is between 0 and 1.", len(scores), lowest)
	}
	var sum float64
	for _, score := range scores {
		sum += score
	}
	if sum == 0 {
		return nil, refuse("A reward that weighs images likes none of them",
			"All %d scores are 0, so there is nothing to learn from. Look at its training curve, and at its labels.", len(scores))
	}
	if math.IsInf(sum, 0) {
		return nil, sdk.Errorf("The sum of %d scores is too large for a number", len(scores))
	}
	group := func(int) Prompt { return Prompt{} }
	switch normalize {
	case notAtAll:
		return scores, nil
	case byPrompt:
		group = func(i int) Prompt { return images[i].Prompt }
	}
	sums, counts := map[Prompt]float64{}, map[Prompt]float64{}
	for i, score := range scores {
		sums[group(i)] += score
		counts[group(i)]++
	}
	factors := make([]float64, len(scores))
	for i, score := range scores {
		if mean := sums[group(i)] / counts[group(i)]; mean > 0 {
			factors[i] = score / mean
		}
	}
	return factors, nil
}

// exponentialFactors are exp(score / temperature), divided by their mean (Peters
// and Schaal 2007, as reward-weighted regression; Black et al. 2023, section 4.2).
// Where a handful of images has nearly all of the weight, the user is told.
func exponentialFactors(ctx context.Context, scores []float64, temperature float64) ([]float64, error) {
	if err := finiteScores(scores); err != nil {
		return nil, err
	}
	highest := slices.Max(scores)
	factors := make([]float64, len(scores))
	var sum, squares float64
	for i, score := range scores {
		factors[i] = math.Exp((score - highest) / temperature) // at most 1, whatever the scores
		sum += factors[i]
		squares += factors[i] * factors[i]
	}
	// Kish's effective sample size: how many images of equal weight would teach as much.
	if effective := sum * sum / squares; effective < float64(len(scores))/20 {
		sdk.Warn(ctx, fmt.Sprintf("%d images are weighed by exp(score / %g), which makes them worth %.1f images of equal weight. A higher temperature spreads the weight.", len(scores), temperature, effective))
	}
	mean := sum / float64(len(scores))
	for i := range factors {
		factors[i] /= mean
	}
	return factors, nil
}

// bestFactors are 1 for the best share of each prompt's images, rounded up, and 0
// for the others (Dong et al. 2023, RAFT). Of equal scores the first image counts.
func bestFactors(images []Image, scores []float64, share float64) ([]float64, error) {
	if err := finiteScores(scores); err != nil {
		return nil, err
	}
	ofPrompt := map[Prompt][]int{}
	for i, image := range images {
		ofPrompt[image.Prompt] = append(ofPrompt[image.Prompt], i)
	}
	factors := make([]float64, len(scores))
	for _, of := range ofPrompt {
		slices.SortStableFunc(of, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		keep := int(math.Ceil(share*float64(len(of)) - 1e-9)) // 0.2 of 15 are 3, whatever the product is in binary
		for _, i := range of[:max(keep, 1)] {
			factors[i] = 1
		}
	}
	return factors, nil
}

// finiteScores refuses scores that are not numbers, and having none.
func finiteScores(scores []float64) error {
	if len(scores) == 0 {
		return refuse("There are no scores to weigh images by", "The tables of images are empty.")
	}
	for i, score := range scores {
		if math.IsNaN(score) || math.IsInf(score, 0) {
			return sdk.Errorf("Score %d of %d is %v: a weight must be a number", i+1, len(scores), score)
		}
	}
	return nil
}

func valueOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
