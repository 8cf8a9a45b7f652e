package latentdiffusion

import (
	"path/filepath"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/models/unet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
)

// Denoiser is the network of a latent diffusion model, as its config.json has it.
// Another architecture, or one with more conditions, is another Denoiser: neither
// sampling nor tuning nor the cache of latents knows what it is conditioned on.
type Denoiser interface {
	// LatentChannels are the channels of the latents that it takes and returns.
	LatentChannels() (in, out int)
	// TrainedSize is the size of the latents that it was trained on; 0 if unknown.
	TrainedSize() (height, width int)
	// Network is the configuration without what does not change the network: with the
	// same weights, those whose Network is deeply equal predict the same.
	Network() any
	// Conditions are the dimensions of its conditions for one image; 0 stands for
	// any number, such as of tokens.
	Conditions() conditioning.Shapes
	// Build predicts from noisy latents, their timesteps and their conditions:
	// [batch, height, width, in], [batch], and [batch, ...] each -> [batch, height,
	// width, out], float32.
	Build(p nn.Params, latents, timesteps *Node, conditions conditioning.Of[*Node]) *Node
	// Weights are its weights in published files.
	Weights(backend compute.Backend) pretrained.Weights
	// Count is the cost of one call on latents [batch, height, width, in] with
	// conditions of these dimensions for each image.
	Count(backend compute.Backend, batch, height, width int, conditions conditioning.Shapes) flops.Network
}

var _ Denoiser = unet.Config{}

// denoiserPart is the pipeline's part, and its folder, with the denoiser.
const denoiserPart = "unet"

// readDenoiser reads the configuration of a model's denoiser.
func readDenoiser(directory string) (Denoiser, error) {
	return unet.ReadConfig(filepath.Join(directory, denoiserPart))
}
