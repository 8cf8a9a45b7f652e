// Package preprocess turns images into the input of CLIP's image tower as its
// preprocessor_config.json says: the shortest side resized with Pillow's
// bicubic filter, the middle cut out, values rescaled and normalized.
//
// It follows Hugging Face's CLIPImageProcessor to the bit where bytes are
// concerned, because a resize of another kind moves embeddings more than many
// an effect that is measured with them. It refuses settings that ask for
// anything else.
package preprocess

import (
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// channels of an image: red, green, blue.
const channels = 3

// Preprocessor turns images into what an image tower reads.
type Preprocessor struct {
	resize   size // to this
	shortest int  // or, if not 0, the shortest side to this
	crop     size // the middle of it
	pixels   [channels][256]float32
}

// size of an image in pixels.
type size struct{ height, width int }

// Size of what Apply returns, in pixels.
func (p *Preprocessor) Size() (height, width int) { return p.crop.height, p.crop.width }

// Apply preprocesses an image: [3, height, width].
func (p *Preprocessor) Apply(image sdk.Image) []float32 {
	to := p.resize
	if p.shortest > 0 {
		to = shortestTo(size{image.Height, image.Width}, p.shortest)
	}
	// An odd rest is cut off right and below.
	top, left := (to.height-p.crop.height)/2, (to.width-p.crop.width)/2
	middle := imaging.Bicubic.Part(image, to.width, to.height, left, top, p.crop.width, p.crop.height)
	plane := p.crop.height * p.crop.width
	out := make([]float32, channels*plane)
	for i := range plane {
		for c := range channels {
			out[c*plane+i] = p.pixels[c][middle.RGB[i*channels+c]]
		}
	}
	return out
}

// shortestTo is the size that brings the shortest side of an image to length
// and keeps its shape; the other side is rounded down.
func shortestTo(of size, length int) size {
	if of.height <= of.width {
		return size{length, length * of.width / of.height}
	}
	return size{length * of.height / of.width, length}
}
