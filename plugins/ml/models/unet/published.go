package unet

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// StableDiffusion1 is the network of Stable Diffusion v1, as in the
// unet/config.json of all its versions: 859.5 million weights.
func StableDiffusion1() Config {
	return Config{
		InChannels: 4, OutChannels: 4,
		Channels:       []int{320, 640, 1280, 1280},
		DownBlocks:     []string{crossDown, crossDown, crossDown, plainDown},
		UpBlocks:       []string{plainUp, crossUp, crossUp, crossUp},
		LayersPerBlock: 2,
		CrossWidth:     768,
		Heads:          Heads{8},
		NormGroups:     32, NormEpsilon: 1e-5,
		SampleSize: Size{64, 64},
	}
}

// LatentChannels are the channels of the latents that it takes and returns.
func (c Config) LatentChannels() (in, out int) { return c.InChannels, c.OutChannels }

// TrainedSize is the size of the latents that it was trained on; 0 if unknown.
func (c Config) TrainedSize() (height, width int) { return c.SampleSize.Height, c.SampleSize.Width }

// Network is the configuration without what does not change the network.
func (c Config) Network() any {
	c.SampleSize, c.Upcast, c.Dropout = Size{}, nil, nil
	return c
}

// Conditions are the dimensions of what it is conditioned on: any number of tokens.
func (c Config) Conditions() conditioning.Shapes {
	return conditioning.Shapes{conditioning.Context: {0, c.CrossWidth}}
}

// Count is the cost of one call on latents [batch, height, width, in] with
// conditions of these dimensions for each image.
func (c Config) Count(backend compute.Backend, batch, height, width int, conditions conditioning.Shapes) flops.Network {
	return flops.Count(backend, func(p nn.Params, input flops.Input) {
		nodes := conditioning.Of[*Node]{}
		latents, timesteps := input("latents", dtypes.Float32, batch, height, width, c.InChannels), input("timesteps", dtypes.Float32, batch)
		for _, name := range conditions.Names() {
			nodes[name] = input(name, dtypes.Float32, append([]int{batch}, conditions[name]...)...)
		}
		c.Build(p, latents, timesteps, nodes)
	})
}
