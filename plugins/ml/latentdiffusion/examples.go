package latentdiffusion

import (
	"context"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Inputs are the latents and conditions that the denoising network is trained on,
// by an example's number. latentcache.Cache has them on the disk.
type Inputs interface {
	// Size gives the dimensions of an example's latents, [height, width, channels],
	// and of its conditions.
	Size() (latents [3]int, conditions conditioning.Shapes)
	// Latents fills in the distribution of an example's latents, as the
	// autoencoder's encoder gives it: not scaled.
	Latents(example int, mean, deviation []float32) error
	// Conditions fills in the conditions of an example's caption.
	Conditions(example int, out conditioning.Of[[]float32]) error
	// Empty fills in the conditions of the empty caption, which guidance needs.
	Empty(out conditioning.Of[[]float32]) error
}

// Examples are Inputs that images with captions are added to.
type Examples interface {
	Inputs
	// Add takes in an image and returns its number.
	Add(ctx context.Context, image table.Image) (int, error)
}
