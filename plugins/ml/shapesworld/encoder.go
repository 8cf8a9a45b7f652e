package shapesworld

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// EncoderConfig is the config.json of an encoder: the CLIP of this world.
type EncoderConfig struct {
	Class      string          `json:"_class_name"`
	World      string          `json:"world"`
	Network    patchnet.Config `json:"network"`
	Text       int             `json:"text_width"`     // of the text tower's hidden layer
	Projection int             `json:"projection_dim"` // of the embeddings
	Vocabulary []string        `json:"vocabulary"`
}

// DefaultEncoder is the encoder that is trained from scratch.
func DefaultEncoder() EncoderConfig {
	return EncoderConfig{
		Class:      "ShapesCLIP",
		World:      "shapes (miniature)",
		Network:    patchnet.Config{Width: 96, Narrow: 48, Hidden: 192, Heads: 3, Blocks: "cmcacm"},
		Text:       128,
		Projection: 64,
		Vocabulary: Vocabulary,
	}
}

// image builds the image tower: patches [batch, 64, 48] -> [batch, projection].
func (c EncoderConfig) image(p nn.Params, patches *Node) *Node {
	p = p.In("image")
	x := patchnet.Build(p, c.Network, patches)
	x = ReduceMean(nn.LayerNorm(p.In("norm"), x), 1)
	return nn.Linear(p.In("projection"), x, c.Projection, nn.FanIn(1))
}

// text builds the text tower: words [texts, vocabulary] -> [texts, projection].
func (c EncoderConfig) text(p nn.Params, words *Node) *Node {
	p = p.In("text")
	x := nn.ReLU(nn.Dense(p.In("hidden"), words, c.Text, nn.FanIn(2)))
	return nn.Linear(p.In("projection"), x, c.Projection, nn.FanIn(1))
}

// words writes a text as the input of the text tower: 1 for each of its words,
// [vocabulary].
func (c EncoderConfig) words(text string, out []float32) {
	clear(out)
	indices, _ := Words(text)
	for _, index := range indices {
		out[index] = 1
	}
}

// Encoder maps images and texts to vectors that can be compared by their
// cosine. They are not normalized.
type Encoder struct {
	config EncoderConfig
	images *model.Exec
	texts  *model.Exec
}

// NewEncoder compiles the encoder with the weights in store.
func NewEncoder(backend compute.Backend, config EncoderConfig, store *model.Store) (*Encoder, error) {
	e := &Encoder{config: config}
	var err error
	if e.images, err = model.NewExec(backend, store, func(_ *model.Scope, patches *Node) *Node {
		return config.image(nn.LoadedParams(store), patches)
	}); err != nil {
		return nil, fmt.Errorf("build image tower: %w", err)
	}
	if e.texts, err = model.NewExec(backend, store, func(_ *model.Scope, words *Node) *Node {
		return config.text(nn.LoadedParams(store), words)
	}); err != nil {
		return nil, fmt.Errorf("build text tower: %w", err)
	}
	return e, nil
}

// Close frees the compiled networks.
func (e *Encoder) Close() {
	e.images.Finalize()
	e.texts.Finalize()
}

// Images encodes images, [32, 32, 3] of bytes each.
func (e *Encoder) Images(ctx context.Context, images [][]byte) ([][]float32, error) {
	vectors := make([][]float32, len(images))
	err := evaluate(ctx, e.images, images, func(image int, outputs [][]float32) { vectors[image] = outputs[0] })
	return vectors, err
}

// Texts encodes texts.
func (e *Encoder) Texts(ctx context.Context, texts []string) ([][]float32, error) {
	width := len(e.config.Vocabulary)
	vectors := make([][]float32, 0, len(texts))
	for start := 0; start < len(texts); start += ImageBatch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := texts[start:min(start+ImageBatch, len(texts))]
		words := make([]float32, ImageBatch*width)
		for i, text := range part {
			e.config.words(text, words[i*width:(i+1)*width])
		}
		input := tensors.FromFlatDataAndDimensions(words, ImageBatch, width)
		output, err := e.texts.Exec(input)
		if err != nil {
			return nil, fmt.Errorf("encode texts: %w", err)
		}
		input.MustFinalizeAll()
		flat := tensors.MustCopyFlatData[float32](output[0])
		output[0].MustFinalizeAll()
		for i := range part {
			vectors = append(vectors, flat[i*e.config.Projection:(i+1)*e.config.Projection])
		}
	}
	return vectors, nil
}
