package objective

import (
	"context"
	"encoding/json"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// denoisingKind trains on the finetune's images as they are: the control without a
// reward.
var denoisingKind = Kind{
	Loss: sdk.Loss{
		Name:    "denoising",
		Summary: "Denoising loss of the finetune's images, all alike: the control without a reward.",
		Needs:   []sdk.Need{sdk.NeedImages},
	},
	New: newDenoising,
}

// pretrainingKind is the second term of Lee et al. 2023, eq. 3: the same loss on
// images that the model did not draw.
var pretrainingKind = Kind{
	Loss: sdk.Loss{
		Name:    "pretraining",
		Summary: "Denoising loss of real images, its own: keeps the model near them. Its weight is beta in the paper.",
		Needs:   []sdk.Need{sdk.NeedOwnImages},
	},
	New: newDenoising,
}

// denoising is the mean of the denoising errors of all images.
type denoising struct{}

func newDenoising(json.RawMessage) (Objective, error) { return denoising{}, nil }

// Examples are all images.
func (denoising) Examples(_ context.Context, sets []Set) ([]Example, error) {
	var examples []Example
	for _, set := range sets {
		for _, image := range set.Images {
			examples = append(examples, Example{Images: []int{image.Number}, Factor: 1})
		}
	}
	return examples, nil
}

// Share is the error itself.
func (denoising) Share(images Images) Share { return denoisingErrors(images) }

// denoisingErrors is the share of a loss that descends the denoising errors.
func denoisingErrors(images Images) Share {
	return Share{Loss: images.Error, Values: []Value{{"loss", images.Error}}}
}

// Denoising is the squared error of a diffusion model's prediction for each
// image of a batch, averaged over the image's values: the term that stands for
// -log p(image | prompt) up to a constant (Ho et al. 2020, eq. 14).
//
// prediction and target are [batch, ...]; the result is [batch].
func Denoising(prediction, target *Node) *Node {
	prediction.AssertDims(target.Shape().Dimensions...)
	batch := target.Shape().Dimensions[0]
	difference := Reshape(Sub(prediction, target), batch, -1)
	return ReduceMean(Mul(difference, difference), 1)
}
