package stablediffusion

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/models/clipmodel"
	"github.com/plumb-ml/plumb/plugins/ml/tokenizer"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// textEncoder is the folder of the model's text tower.
const textEncoder = "text_encoder"

// remembered is how many prompts' embeddings are kept: 60 MB of them for Stable
// Diffusion v1. Draws of a prompt come together, so few are enough.
const remembered = 256

// texts turns prompts into embeddings, each once.
type texts struct {
	tower   clipmodel.Text
	tokens  *tokenizer.Tokenizer
	store   *model.Store           // nil before load
	encoder *clipmodel.TextEncoder // nil before load
	known   map[string][]float32
}

// readTexts reads all but the weights.
func readTexts(directory string) (*texts, error) {
	t := &texts{known: map[string][]float32{}}
	var wrong [2]error
	var sizes clipmodel.Config
	sizes, wrong[0] = clipmodel.ReadConfig(filepath.Join(directory, textEncoder))
	t.tower = sizes.Text
	if t.tokens, wrong[1] = tokenizer.Load(filepath.Join(directory, "tokenizer")); wrong[1] == nil {
		t.tokens = t.tokens.WithVectors()
	}
	return t, errors.Join(wrong[:]...)
}

// load reads the weights.
func (t *texts) load(backend compute.Backend, directory string) error {
	var err error
	if t.store, err = t.tower.Weights(backend).Read(directory); err != nil {
		return err
	}
	t.encoder, err = clipmodel.NewTextEncoder(backend, t.tower, t.store)
	return err
}

func (t *texts) close() {
	if t.encoder != nil {
		t.encoder.Close()
	}
	if t.store != nil {
		t.store.Finalize()
	}
}

// conditions are the dimensions of what a text tower gives for one prompt.
func conditions(tower clipmodel.Text) conditioning.Shapes {
	return conditioning.Shapes{conditioning.Context: {tower.Positions, tower.Width}}
}

func (t *texts) conditions() conditioning.Shapes { return conditions(t.tower) }

// encode makes the conditions of prompts, [prompts, ...] each. A prompt that is too
// long is truncated with a warning, as diffusers does.
func (t *texts) encode(ctx context.Context, prompts []string) (conditioning.Of[latentdiffusion.Tensor], error) {
	out := latentdiffusion.Tensor{Dims: []int{len(prompts), t.tower.Positions, t.tower.Width}}
	for _, prompt := range prompts {
		states, ok := t.known[prompt]
		if !ok {
			ids, truncated := t.tokens.Sequence(prompt, t.tower.Positions)
			if truncated {
				sdk.Warn(ctx, t.tokens.TooLong(prompt, t.tower.Positions))
			}
			rows, err := t.encoder.LastHiddenStates(ctx, [][]int32{ids})
			if err != nil {
				return nil, err
			}
			states = rows[0]
			if len(t.known) >= remembered {
				clear(t.known)
			}
			t.known[prompt] = states
		}
		out.Data = append(out.Data, states...)
	}
	return conditioning.Of[latentdiffusion.Tensor]{conditioning.Context: out}, nil
}
