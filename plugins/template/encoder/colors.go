package main

import (
	"context"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// options are what a block of the encoder may say in an experiment: names, types,
// defaults, ranges and help, each written once.
type options struct {
	Bins int `json:"bins" plumb:"min=2,max=64" help:"Bins of each channel's histogram."`
}

// component describes the encoder to Plumb.
func component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:        sdk.KindEncoder,
			Name:        "colors",
			Summary:     "Histograms of an image's channels.",
			Schema:      sdk.Settings(options{Bins: 8}),
			CodeVersion: "1", // raise it when the same image would give another vector
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
	return encoder{options: o}, nil
}

// encoder is an opened instance. Its calls never overlap.
type encoder struct{ options }

var _ sdk.Encoder = encoder{}

// EncodeImages returns one vector of 3 * bins numbers for each image. An encoder of
// texts, too, has EncodeTexts and the capability sdk.CapabilityTexts.
func (e encoder) EncodeImages(ctx context.Context, images []sdk.Image) ([][]float32, error) {
	vectors := make([][]float32, len(images))
	for i, image := range images {
		if err := ctx.Err(); err != nil {
			return nil, err // the run was stopped
		}
		vector := make([]float32, 3*e.Bins)
		weight := 3 / float32(len(image.RGB)) // of one pixel
		for at, v := range image.RGB {
			vector[at%3*e.Bins+int(v)*e.Bins/256] += weight
		}
		vectors[i] = vector
	}
	return vectors, nil
}
