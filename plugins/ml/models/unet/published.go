package unet

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
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

// Count is what one call takes on latents [batch, height, width, in] with a
// context of tokens.
func (c Config) Count(backend compute.Backend, batch, height, width, tokens int) flops.Network {
	return flops.Count(backend, func(p nn.Params, input flops.Input) {
		c.Build(p,
			input("latents", dtypes.Float32, batch, height, width, c.InChannels),
			input("timesteps", dtypes.Float32, batch),
			input("context", dtypes.Float32, batch, tokens, c.CrossWidth))
	})
}
