package bench

import (
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/models/unet"
	"github.com/plumb-ml/plumb/plugins/ml/models/vae"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Size is a model to measure, with the images that it draws.
type Size struct {
	Name, Title string
	UNet        unet.Config
	VAE         vae.Config
	Scheduler   diffusion.SchedulerConfig
	Tokens      int   // of a prompt
	Latent      int   // height and width of latents
	Sampling    []int // batches
	// First is the batch that training all weights begins with; it is doubled
	// until it does not fit, or is Largest.
	First, Largest int
	Budget         time.Duration // for each case, by default
	// Accelerator says that a processor has to do with a part of it.
	Accelerator bool
}

// The names of sizes.
const (
	SD15 = "sd15"
	Tiny = "tiny"
)

// Sizes lists the names.
func Sizes() []string { return []string{SD15, Tiny} }

func sizeNamed(name string) (Size, bool) {
	scheduler := diffusion.StableDiffusion1()
	switch name {
	case SD15:
		return Size{
			Name: name, Title: "Stable Diffusion v1.5's shapes", UNet: unet.StableDiffusion1(), VAE: vae.StableDiffusion1(), Scheduler: scheduler,
			Tokens: 77, Latent: 64, Sampling: []int{1, 8}, First: 4, Largest: 512, Budget: 5 * time.Second, Accelerator: true,
		}, true
	case Tiny:
		// The same blocks, a twentieth as wide, at 64 x 64 pixels.
		tinyUNet, tinyVAE := unet.StableDiffusion1(), vae.StableDiffusion1()
		tinyUNet.Channels, tinyUNet.CrossWidth, tinyUNet.NormGroups = []int{16, 32, 64, 64}, 32, 8
		tinyVAE.Channels, tinyVAE.NormGroups = []int{8, 16, 32, 32}, 8
		return Size{
			Name: name, Title: "a tiny model of the same blocks", UNet: tinyUNet, VAE: tinyVAE, Scheduler: scheduler,
			Tokens: 77, Latent: 8, Sampling: []int{1, 8}, First: 1, Largest: 4, Budget: time.Second,
		}, true
	}
	return Size{}, false
}

// conditions are the dimensions of a prompt's conditions.
func (s Size) conditions() conditioning.Shapes {
	return conditioning.Shapes{conditioning.Context: {s.Tokens, s.UNet.CrossWidth}}
}

// pixels is the height and width of images.
func (s Size) pixels() int { return s.Latent * s.VAE.Factor() }

// decoding is what the decoder takes for an image.
func (s Size) decoding(backend compute.Backend) flops.Network {
	return flops.Count(backend, func(p nn.Params, input flops.Input) {
		s.VAE.Decode(p, input("latents", dtypes.Float32, 1, s.Latent, s.Latent, s.VAE.LatentChannels))
	})
}
