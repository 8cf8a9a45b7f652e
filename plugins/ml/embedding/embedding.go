// Package embedding is what rewards see of an encoder: its vectors, checked,
// and every text encoded once.
//
// It refuses to normalize: what a reward does with a vector is its own affair.
package embedding

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// batch is the number of images or texts that the encoder gets at once.
const batch = 64

// Encoder asks an encoder for vectors. It is for one goroutine.
type Encoder struct {
	encoder sdk.TextEncoder
	texts   map[string][]float32
	width   int // of the vectors; 0 before the first
}

// Of is the encoder that a component was opened with. One that reads no texts
// is an error: a reward compares images with prompts.
func Of(request sdk.OpenRequest) (*Encoder, error) {
	encoder, ok := request.Uses[sdk.KindEncoder].(sdk.TextEncoder)
	if !ok {
		return nil, sdk.Diagnostic{
			Summary: "The encoder reads no texts",
			Detail:  "This reward compares images with prompts. Give it an encoder of both, such as shapes_clip or clip.",
		}
	}
	return &Encoder{encoder: encoder, texts: map[string][]float32{}}, nil
}

// Images encodes images: [images][width].
func (e *Encoder) Images(ctx context.Context, images []sdk.Image) ([][]float32, error) {
	vectors := make([][]float32, 0, len(images))
	for start := 0; start < len(images); start += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := images[start:min(start+batch, len(images))]
		more, err := e.encoder.EncodeImages(ctx, part)
		if err != nil {
			return nil, err
		}
		if err := e.check("images", len(part), more); err != nil {
			return nil, err
		}
		vectors = append(vectors, more...)
	}
	return vectors, nil
}

// Texts encodes texts: [texts][width]. A text that was asked for before is not
// encoded again, so its vector is the same one: do not write to it.
func (e *Encoder) Texts(ctx context.Context, texts []string) ([][]float32, error) {
	var fresh []string
	asked := map[string]bool{}
	for _, text := range texts {
		if _, known := e.texts[text]; !known && !asked[text] {
			asked[text] = true
			fresh = append(fresh, text)
		}
	}
	for start := 0; start < len(fresh); start += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := fresh[start:min(start+batch, len(fresh))]
		vectors, err := e.encoder.EncodeTexts(ctx, part)
		if err != nil {
			return nil, err
		}
		if err := e.check("texts", len(part), vectors); err != nil {
			return nil, err
		}
		for i, text := range part {
			e.texts[text] = vectors[i]
		}
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = e.texts[text]
	}
	return vectors, nil
}

// check refuses an encoder's answer that is incomplete or no vector of numbers.
func (e *Encoder) check(what string, asked int, vectors [][]float32) error {
	if len(vectors) != asked {
		return sdk.Errorf("the encoder gave %d vectors for %d %s", len(vectors), asked, what)
	}
	for _, vector := range vectors {
		if e.width == 0 {
			e.width = len(vector)
		}
		if len(vector) == 0 || len(vector) != e.width {
			return sdk.Errorf("the encoder's vectors of %s have %d numbers and others of its vectors %d", what, len(vector), e.width)
		}
		if at := nn.FirstNonFinite(vector); at >= 0 {
			return sdk.Diagnostic{
				Summary: fmt.Sprintf("The encoder gave a vector that holds %v", vector[at]),
				Detail:  "It was encoding " + what + ". Its weights may be damaged, or its training has diverged.",
			}
		}
	}
	return nil
}
