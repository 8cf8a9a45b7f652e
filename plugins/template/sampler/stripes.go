package main

import (
	"context"
	"hash/fnv"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// options are what a block of the sampler may say in an experiment: names, types,
// defaults, ranges and help, each written once.
type options struct {
	Size    int `json:"size" plumb:"min=1,max=2048" help:"Width and height of an image, in pixels."`
	Stripes int `json:"stripes" plumb:"min=1,max=64" help:"Stripes in an image."`
}

// component describes the sampler to Plumb.
func component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:        sdk.KindSampler,
			Name:        "stripes",
			Summary:     "Stripes whose colours follow from prompt and seed.",
			Schema:      sdk.Settings(options{Size: 64, Stripes: 8}),
			CodeVersion: "1", // raise it when the same draw would give another image
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
	return sampler{options: o}, nil
}

// sampler is an opened instance. Its calls never overlap.
type sampler struct{ options }

var _ sdk.Sampler = sampler{}

// Sample draws one image for each draw, which alone decides what it looks like. A
// sampler that can be fine-tuned has Tune and the capability sdk.CapabilityTune.
func (s sampler) Sample(ctx context.Context, draws []sdk.Draw, emit func(position int, image sdk.Image) error) error {
	for position, draw := range draws {
		if err := ctx.Err(); err != nil {
			return err // the run was stopped
		}
		if err := emit(position, s.draw(draw)); err != nil {
			return err
		}
	}
	return nil
}

// draw is an image of stripes: 8-bit RGB, [height, width, 3].
func (s sampler) draw(draw sdk.Draw) sdk.Image {
	text := fnv.New64a()
	text.Write([]byte(draw.Prompt.Text))
	random := rand.New(rand.NewPCG(text.Sum64(), draw.Seed))
	colors := make([][3]byte, s.Stripes)
	for i := range colors {
		colors[i] = [3]byte{byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32())}
	}
	out := sdk.Image{Width: s.Size, Height: s.Size, RGB: make([]byte, 0, 3*s.Size*s.Size)}
	for range s.Size {
		for x := range s.Size {
			color := colors[x*s.Stripes/s.Size]
			out.RGB = append(out.RGB, color[:]...)
		}
	}
	return out
}
