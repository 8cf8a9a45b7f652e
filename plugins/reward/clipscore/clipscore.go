// Package clipscore is the reward "clip_score": how well an encoder finds that
// image and prompt go together. It is the baseline that a learned reward is
// measured against, and learns nothing itself.
package clipscore

import (
	"context"
	"fmt"
	"math"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	Scale float64 `json:"scale" plumb:"min=0" help:"Factor of the cosine; 100 is CLIP's own."`
}

// Component describes the reward.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:        sdk.KindReward,
			Name:        "clip_score",
			Summary:     "Cosine of the encoder's embeddings of image and prompt, times a scale.",
			Schema:      sdk.Settings(config{Scale: 100}),
			Reads:       []sdk.Reading{sdk.ReadImageFeatures, sdk.ReadTextFeatures},
			CodeVersion: "3",
		},
		Open: open,
	}
}

type reward struct{ config config }

var _ sdk.Reward = (*reward)(nil)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	config, err := sdk.Decode[config](request.Config)
	if err != nil {
		return nil, err
	}
	return &reward{config}, nil
}

// Score gives scale * cosine (Radford et al. 2021, figure 3, at inference).
func (r *reward) Score(_ context.Context, item sdk.Item) (float64, error) {
	if len(item.ImageVector) != len(item.TextVector) {
		return 0, sdk.Diagnostic{
			Summary: "The encoder's images and prompts cannot be compared",
			Detail: fmt.Sprintf("It gives %d numbers of an image and %d of a prompt. A cosine needs an encoder that maps both into one space, such as shapes_clip or clip.",
				len(item.ImageVector), len(item.TextVector)),
		}
	}
	return r.config.Scale * cosine(item.ImageVector, item.TextVector), nil
}

// cosine of the angle between two vectors; 0 if one has no length, as it then
// points nowhere.
func cosine(a, b []float32) float64 {
	var product, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		product += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return product / (math.Sqrt(aa) * math.Sqrt(bb))
}
