package objective

import (
	"context"
	"encoding/json"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// diffusionDPOKind learns from comparisons of two images.
var diffusionDPOKind = Kind{
	Loss: sdk.Loss{
		Name:    "diffusion_dpo",
		Summary: "Preference loss of pairs of images, better and worse, against a frozen reference (Wallace et al. 2023).",
		Needs:   []sdk.Need{sdk.NeedPairs, sdk.NeedReference},
		Schema: sdk.Schema{Attributes: []sdk.Attribute{
			{Name: "beta", Type: sdk.TypeNumber, Default: json.RawMessage(`5000`), Minimum: sdk.Bound(0), Summary: "How closely the reference is kept to: small lets the model move further. Errors are means over an image's values, and the number of timesteps is part of beta; 5000 in the paper."},
		}},
	},
	New: func(text json.RawMessage) (Objective, error) { return options(text, diffusionDPO{Beta: 5000}) },
}

// diffusionDPO is Diffusion-DPO (Wallace et al. 2023, eq. 14, as its authors'
// program computes it). With e the denoising error of the network and f that of the
// frozen reference, of the better image w and the worse image l at the same
// timestep and noise,
//
//	x    = beta / 2 * ((e_w - e_l) - (f_w - f_l))
//	loss = -log sigmoid(-x)
//
// a mean over pairs. Where network and reference are the same it is log 2. An image
// of the pair that the network denoises better than the reference does, compared
// with the other, is one that it would rather draw.
type diffusionDPO struct {
	Beta float64 `json:"beta"`
}

// Examples are the pairs that most raters agree about.
func (diffusionDPO) Examples(_ context.Context, sets []Set) ([]Example, error) {
	var examples []Example
	for _, set := range sets {
		pairs, err := set.Pairs()
		if err != nil {
			return nil, err
		}
		for _, pair := range pairs {
			examples = append(examples, Example{Images: []int{pair.Better.Number, pair.Worse.Number}, Factor: 1, Label: 1})
		}
	}
	if len(examples) == 0 {
		return nil, refuse("There are no pairs to learn from",
			"No comparison prefers one of its images: there are none, or the raters are even about all of them. Compare more images, or images that differ more.")
	}
	return examples, nil
}

// Share is the pair's loss, for both of its images. "accuracy" is the share of
// pairs in which the network has moved towards the better image.
func (d diffusionDPO) Share(images Images) Share {
	// 1. What the network gained on the reference, [pairs, 2]: better, worse.
	gain := Sub(images.Error, images.Reference)
	count := gain.Shape().Dimensions[0]
	gain = Reshape(gain, count/2, 2)

	// 2. Of the better against the worse, [pairs].
	better, worse := Slice(gain, AxisRange(), AxisElem(0)), Slice(gain, AxisRange(), AxisElem(1))
	x := MulScalar(Sub(better, worse), d.Beta/2) // [pairs, 1]

	// 3. Both images have the loss of their pair.
	ofBoth := func(of *Node) *Node { return Reshape(BroadcastToDims(of, count/2, 2), count) }
	loss := ofBoth(softplus(x))
	return Share{Loss: loss, Values: []Value{
		{"loss", loss},
		{"accuracy", ofBoth(ConvertDType(LessThan(x, ScalarZero(x.Graph(), x.DType())), x.DType()))},
	}}
}

// softplus is log(1 + exp(x)) = -log sigmoid(-x), without an exponential that
// overflows. Written so, its gradient at 0 is 1/2 whatever a backend makes of the
// edge of a maximum: 0 is where every training starts.
func softplus(x *Node) *Node {
	size := Abs(x)
	return Add(MulScalar(Add(x, size), 0.5), Log1P(Exp(Neg(size))))
}
