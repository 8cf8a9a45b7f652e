package feedback

import "math"

// inputs is what a head reads of an image with a prompt: the two embeddings,
// one after the other, and on request the terms of their cosine.
type inputs struct {
	ImageWidth int  `json:"image_width"` // numbers of an image's embedding, which come first
	TextWidth  int  `json:"text_width"`  // numbers of a prompt's embedding
	Products   bool `json:"products"`    // whether ImageWidth terms of the cosine follow
}

// width is the number of all inputs.
func (in inputs) width() int { return in.ImageWidth + in.rest() }

// rest is the number of inputs that depend on the prompt.
func (in inputs) rest() int {
	if in.Products {
		return in.TextWidth + in.ImageWidth
	}
	return in.TextWidth
}

// write writes the inputs of an image and a text into out, [width].
func (in inputs) write(image, text, out []float32) {
	copy(out, image)
	copy(out[in.ImageWidth:], text)
	if !in.Products {
		return
	}
	// Terms of unit vectors: what an image and a prompt have in common is then
	// of the same size whatever they are, and their sum is the CLIP score.
	scale := 1 / max(1e-12, length(image)*length(text))
	terms := out[in.ImageWidth+in.TextWidth:]
	for i := range image {
		terms[i] = float32(float64(image[i]) * float64(text[i]) * scale)
	}
}

func length(vector []float32) float64 {
	var squares float64
	for _, v := range vector {
		squares += float64(v) * float64(v)
	}
	return math.Sqrt(squares)
}
