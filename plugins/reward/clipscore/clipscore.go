// Package clipscore is the reward "clip_score": how well an encoder finds that
// image and prompt go together. It is the baseline that a learned reward is
// measured against, and learns nothing itself.
package clipscore

import (
	"context"
	"math"

	"github.com/plumb-ml/plumb/plugins/ml/embedding"
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
			Kind:           sdk.KindReward,
			Name:           "clip_score",
			Summary:        "Cosine of the encoder's embeddings of image and prompt, times a scale.",
			Schema:         sdk.Settings(config{Scale: 100}),
			Uses:           []sdk.Kind{sdk.KindEncoder},
			PreferredBatch: 64,
			NeedsDevice:    true,
			CodeVersion:    "2",
		},
		Open: open,
	}
}

type reward struct {
	config  config
	encoder *embedding.Encoder
}

var _ sdk.BatchReward = (*reward)(nil)

func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	config, err := sdk.Decode[config](request.Config)
	if err != nil {
		return nil, err
	}
	encoder, err := embedding.Of(request)
	return &reward{config: config, encoder: encoder}, err
}

// Score scores one image.
func (r *reward) Score(ctx context.Context, prompt sdk.Prompt, image sdk.Image) (float64, error) {
	scores, err := r.ScoreBatch(ctx, []sdk.Item{{Prompt: prompt, Image: image}})
	if err != nil {
		return 0, err
	}
	return scores[0], nil
}

// ScoreBatch gives scale * cosine for each item (Radford et al. 2021, figure 3,
// at inference).
func (r *reward) ScoreBatch(ctx context.Context, items []sdk.Item) ([]float64, error) {
	images, texts := make([]sdk.Image, len(items)), make([]string, len(items))
	for i, item := range items {
		images[i], texts[i] = item.Image, item.Prompt.Text
	}
	imageVectors, err := r.encoder.Images(ctx, images)
	if err != nil {
		return nil, err
	}
	textVectors, err := r.encoder.Texts(ctx, texts)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, len(items))
	for i := range items {
		scores[i] = r.config.Scale * cosine(imageVectors[i], textVectors[i])
	}
	return scores, nil
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
