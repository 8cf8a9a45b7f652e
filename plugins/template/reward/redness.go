package main

import (
	"context"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// options are what a block of the reward may say in an experiment: names, types,
// defaults, ranges and help, each written once.
type options struct {
	Channel string  `json:"channel" plumb:"one_of=red|green|blue" help:"Channel that is looked at."`
	Gain    float64 `json:"gain" plumb:"min=0.1,max=10" help:"Factor of the score."`
}

// component describes the reward to Plumb.
func component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:        sdk.KindReward,
			Name:        "redness",
			Summary:     "Share of one channel in an image's light.",
			Schema:      sdk.Settings(options{Channel: "red", Gain: 1}),
			CodeVersion: "1", // raise it when the same image would score otherwise
		},
		Open: open,
	}
}

// open makes an instance. Load weights here, not in main: plumb validate starts the
// plugin only to ask what it provides.
func open(_ context.Context, r sdk.OpenRequest) (any, error) {
	o, err := sdk.Decode[options](r.Config)
	if err != nil {
		return nil, err
	}
	return reward{options: o}, nil
}

// reward is an opened instance. Its calls never overlap.
type reward struct{ options }

var _ sdk.BatchReward = reward{}

// Score scores one image, which is 8-bit RGB: image.RGB is [height, width, 3].
func (r reward) Score(_ context.Context, item sdk.Item) (float64, error) {
	at := map[string]int{"red": 0, "green": 1, "blue": 2}[r.Channel]
	var light, mine float64
	for i, v := range item.Image.RGB {
		light += float64(v)
		if i%3 == at {
			mine += float64(v)
		}
	}
	return r.Gain * mine / max(light, 1), nil
}

// ScoreBatch scores several images at once, which a model on an accelerator would
// rather do. Without it, Score is called for each.
func (r reward) ScoreBatch(ctx context.Context, items []sdk.Item) ([]float64, error) {
	scores := make([]float64, len(items))
	for i, item := range items {
		if err := ctx.Err(); err != nil {
			return nil, err // the run was stopped
		}
		var err error
		if scores[i], err = r.Score(ctx, item); err != nil {
			return nil, err
		}
	}
	return scores, nil
}
