package objective

import (
	"context"
	"encoding/json"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// What the gain of an image is compared with.
const (
	offsetBatch   = "batch"
	offsetClasses = "classes"
)

// diffusionKTOKind learns from good and bad labels, without a reward.
var diffusionKTOKind = Kind{
	Loss: sdk.Loss{
		Name:    "diffusion_kto",
		Summary: "Utility loss of single images, labelled good or bad, against a frozen reference (Li et al. 2024).",
		Needs:   []sdk.Need{sdk.NeedLabels, sdk.NeedReference},
		Schema: sdk.Schema{Attributes: []sdk.Attribute{
			{Name: "beta", Type: sdk.TypeNumber, Default: json.RawMessage(`1000`), Minimum: sdk.Bound(0), Summary: "How closely the reference is kept to: small lets the model move further. Errors are means over an image's values; 1000 in the paper's program."},
			{Name: "good_weight", Type: sdk.TypeNumber, Default: json.RawMessage(`1`), Minimum: sdk.Bound(0), Summary: "Factor of good images, lambda_D in the paper."},
			{Name: "bad_weight", Type: sdk.TypeNumber, Default: json.RawMessage(`1`), Minimum: sdk.Bound(0), Summary: "Factor of bad images, lambda_U in the paper."},
			{Name: "offset", Type: sdk.TypeString, Default: json.RawMessage(`"batch"`), OneOf: []string{offsetBatch, offsetClasses}, Summary: "What an image's gain is compared with: the mean over the step, at least 0, or the mean of the means over good and over bad images."},
		}},
	},
	New: func(text json.RawMessage) (Objective, error) {
		return options(text, diffusionKTO{Beta: 1000, GoodWeight: 1, BadWeight: 1, Offset: offsetBatch})
	},
}

// diffusionKTO is Diffusion-KTO (Li et al. 2024, eq. 9, with the sigmoid as
// utility, as its authors' program computes it). With e the denoising error of the
// network, f that of the frozen reference at the same timestep and noise, and y = 1
// for a good image and -1 for a bad one,
//
//	g    = f - e
//	loss = w_y (1 - sigmoid(y beta (g - q)))
//
// a mean over images. q stands for the divergence of network and reference. It is
// taken over the step and not differentiated: max(0, mean of g), or the mean of
// the mean over good and that over bad images.
type diffusionKTO struct {
	Beta       float64 `json:"beta"`
	GoodWeight float64 `json:"good_weight"`
	BadWeight  float64 `json:"bad_weight"`
	Offset     string  `json:"offset"`
}

var _ Totaled = diffusionKTO{}

// Examples are the images that most raters call good or most call bad.
func (diffusionKTO) Examples(_ context.Context, sets []Set) ([]Example, error) {
	var examples []Example
	count := map[float64]int{}
	for _, set := range sets {
		majorities, err := set.Majorities()
		if err != nil {
			return nil, err
		}
		for i, image := range set.Images {
			if majorities[i] != 0 {
				examples = append(examples, Example{Images: []int{image.Number}, Factor: 1, Label: majorities[i]})
				count[majorities[i]]++
			}
		}
	}
	if count[1] == 0 || count[-1] == 0 {
		return nil, refuse("There are no good and bad images to learn from",
			"Of %d images that most raters agree about, %d are good and %d are bad. The loss learns from the difference: label more images, or images of easier or harder prompts.",
			len(examples), count[1], count[-1])
	}
	return examples, nil
}

// Sums are those of Totals.
func (diffusionKTO) Sums() int { return 4 }

// Totals are, of good and then of bad images, the sum of gains and their number.
func (diffusionKTO) Totals(images Images) *Node {
	gain := Sub(images.Reference, images.Error)
	good, bad := classes(images.Label)
	var sums []*Node
	for _, of := range []*Node{good, bad} {
		sums = append(sums, Reshape(ReduceAllSum(Mul(of, gain)), 1), Reshape(ReduceAllSum(of), 1))
	}
	return Concatenate(sums, 0) // [4]
}

// classes say of every image by its label whether it is good, and whether it is bad:
// 1 or 0, [images] each.
func classes(label *Node) (good, bad *Node) {
	zero := ZerosLike(label)
	return Max(label, zero), Max(Neg(label), zero)
}

// Share is the image's loss. "accuracy" is the share of images whose gain is on
// the side of their label.
func (k diffusionKTO) Share(images Images) Share {
	// 1. What the network gained on the reference, [images].
	gain := Sub(images.Reference, images.Error)

	// 2. Compared with q, a scalar.
	of := func(i int) *Node { return Reshape(Slice(images.Totals, AxisElem(i))) }
	goodSum, goodCount, badSum, badCount := of(0), of(1), of(2), of(3)
	mean := func(sum, count *Node) *Node { return Div(sum, Max(count, OnesLike(count))) }
	var q *Node
	if k.Offset == offsetClasses {
		q = MulScalar(Add(mean(goodSum, goodCount), mean(badSum, badCount)), 0.5)
	} else {
		q = mean(Add(goodSum, badSum), Add(goodCount, badCount))
		q = Max(q, ZerosLike(q))
	}
	x := Mul(images.Label, MulScalar(Sub(gain, q), k.Beta))

	// 3. Weighed by its class.
	good, bad := classes(images.Label)
	weight := Add(MulScalar(good, k.GoodWeight), MulScalar(bad, k.BadWeight))
	loss := Mul(weight, OneMinus(Sigmoid(x)))
	return Share{Loss: loss, Values: []Value{
		{"loss", loss},
		{"accuracy", ConvertDType(GreaterThan(x, ZerosLike(x)), x.DType())},
	}}
}
