package latentdiffusion

import (
	"context"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Inputs are what the denoising network is trained on, by an example's number.
type Inputs interface {
	// Size is that of latents, [height, width, channels], and that of an
	// embedding, [tokens, width].
	Size() (latents [3]int, text [2]int)
	// Latents fills in the distribution of an example's latents, as the
	// autoencoder's encoder gives it: not scaled.
	Latents(example int, mean, deviation []float32) error
	// Text fills in the embedding of an example's caption.
	Text(example int, out []float32) error
	// Empty fills in the embedding of the empty caption, which guidance needs.
	Empty(out []float32) error
}

// Examples are Inputs that images with captions are added to.
type Examples interface {
	Inputs
	// Add takes in an image and returns its number.
	Add(ctx context.Context, image table.Image) (int, error)
}
