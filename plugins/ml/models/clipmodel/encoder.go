package clipmodel

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Encoder runs both towers. It is for one goroutine.
type Encoder struct {
	config Config
	images *compiled
	texts  *compiled
}

// NewEncoder compiles an encoder with the weights that config.Weights read.
func NewEncoder(backend compute.Backend, config Config, store *model.Store) (*Encoder, error) {
	e := &Encoder{config: config}
	var err error
	if e.images, err = compile(backend, store, func(p nn.Params, inputs []*Node) *Node {
		return config.ImageEmbeddings(p, inputs[0])
	}); err != nil {
		return nil, fmt.Errorf("build image tower: %w", err)
	}
	if e.texts, err = compile(backend, store, func(p nn.Params, inputs []*Node) *Node {
		return config.TextEmbeddings(p, inputs[0], inputs[1])
	}); err != nil {
		e.images.close()
		return nil, fmt.Errorf("build text tower: %w", err)
	}
	return e, nil
}

// Close frees the compiled networks.
func (e *Encoder) Close() {
	e.images.close()
	e.texts.close()
}

// Images encodes preprocessed images, [3, size, size] each, as [projection] each,
// not normalized.
func (e *Encoder) Images(ctx context.Context, pixels [][]float32) ([][]float32, error) {
	v := *e.config.Vision
	size := v.Channels * v.ImageSize * v.ImageSize
	for i, one := range pixels {
		if len(one) != size {
			return nil, fmt.Errorf("encode images: image %d has %d values, the tower reads %d", i, len(one), size)
		}
	}
	return e.images.run(ctx, len(pixels), func(start, end, batch int) []any {
		flat := make([]float32, batch*size)
		for i, one := range pixels[start:end] {
			copy(flat[i*size:], one)
		}
		return []any{tensors.FromFlatDataAndDimensions(flat, batch, v.Channels, v.ImageSize, v.ImageSize)}
	})
}

// Texts encodes sequences of ids, all of the same length, as [projection] each,
// not normalized.
func (e *Encoder) Texts(ctx context.Context, ids [][]int32) ([][]float32, error) {
	if err := e.config.Text.readable(ids); err != nil {
		return nil, err
	}
	return e.texts.run(ctx, len(ids), func(start, end, batch int) []any {
		ends := make([]int32, batch)
		for i, one := range ids[start:end] {
			ends[i] = e.config.Text.EndOf(one)
		}
		return []any{sequences(ids[start:end], batch), tensors.FromFlatDataAndDimensions(ends, batch)}
	})
}

// TextEncoder runs the text tower alone, as a diffusion model needs it. It is
// for one goroutine.
type TextEncoder struct {
	config Text
	last   *compiled
}

// NewTextEncoder compiles a text encoder with weights from Text.Weights.
func NewTextEncoder(backend compute.Backend, config Text, store *model.Store) (*TextEncoder, error) {
	last, err := compile(backend, store, func(p nn.Params, inputs []*Node) *Node {
		return config.States(p, inputs[0]).Last
	})
	if err != nil {
		return nil, fmt.Errorf("build text tower: %w", err)
	}
	return &TextEncoder{config: config, last: last}, nil
}

// Close frees the compiled network.
func (e *TextEncoder) Close() { e.last.close() }

// LastHiddenStates encodes sequences of ids, all of the same length, as
// [tokens, width] each: TextStates.Last.
func (e *TextEncoder) LastHiddenStates(ctx context.Context, ids [][]int32) ([][]float32, error) {
	if err := e.config.readable(ids); err != nil {
		return nil, err
	}
	return e.last.run(ctx, len(ids), func(start, end, batch int) []any {
		return []any{sequences(ids[start:end], batch)}
	})
}

// readable refuses sequences that the tower cannot read. An id outside of the
// table would be read as another one.
func (t Text) readable(ids [][]int32) error {
	for i, one := range ids {
		if len(one) == 0 || len(one) > t.Positions || len(one) != len(ids[0]) {
			return fmt.Errorf("encode texts: sequence %d has %d ids, the first has %d, and there are %d positions", i, len(one), len(ids[0]), t.Positions)
		}
		for _, id := range one {
			if id < 0 || int(id) >= t.Vocabulary {
				return fmt.Errorf("encode texts: id %d of sequence %d is not one of the %d of the vocabulary", id, i, t.Vocabulary)
			}
		}
	}
	return nil
}

// sequences is a batch of ids, [batch, tokens], filled up with zeros.
func sequences(ids [][]int32, batch int) *tensors.Tensor {
	tokens := len(ids[0])
	flat := make([]int32, batch*tokens)
	for i, one := range ids {
		copy(flat[i*tokens:], one)
	}
	return tensors.FromFlatDataAndDimensions(flat, batch, tokens)
}
