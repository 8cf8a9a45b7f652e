// Package clip is the encoder "clip": any CLIPModel in the layout of Hugging
// Face's transformers, from a directory with its weights.
package clip

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/models/clipmodel"
	"github.com/plumb-ml/plumb/plugins/ml/preprocess"
	"github.com/plumb-ml/plumb/plugins/ml/tokenizer"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// config is the component's block.
type config struct {
	Weights string `json:"weights"`
}

// Component describes the encoder.
func Component() sdk.Component {
	return sdk.Component{
		Description: sdk.Description{
			Kind:    sdk.KindEncoder,
			Name:    "clip",
			Summary: "CLIP's image and text towers, from published weights on the disk.",
			Schema: sdk.Schema{Attributes: []sdk.Attribute{
				{Name: "weights", Type: sdk.TypeString, Required: true, Path: true, Summary: "Directory, or hf://OWNER/NAME on Hugging Face's hub, of a CLIPModel of transformers: config.json, safetensors, vocab.json and merges.txt or tokenizer.json, preprocessor_config.json or processor_config.json.",
					Obtain: "CLIP ViT-L/14 is openai/clip-vit-large-patch14 on Hugging Face: write \"hf://openai/clip-vit-large-patch14\" in place of the path, and plumb download fetches it; or with the hub's command line tool: hf download openai/clip-vit-large-patch14 --include '*.json' '*.txt' model.safetensors --local-dir DIRECTORY.",
					Hub:    []string{"config.json", "?preprocessor_config.json", "?processor_config.json", "model.safetensors", "?added_tokens.json", "?vocab.json", "?merges.txt", "?tokenizer.json", "?tokenizer_config.json", "?special_tokens_map.json"}},
			}},
			Resizing:       "bicubic with antialiasing, shorter side to the size of preprocessor_config.json, middle cut out, as transformers does it",
			PreferredBatch: 32,
			NeedsDevice:    true,
			CodeVersion:    "4", // added tokens
			Capabilities:   []sdk.Capability{sdk.CapabilityTexts},
		},
		Estimate: estimate,
		Check:    check,
		Open:     open,
	}
}

type encoder struct {
	tokens     *tokenizer.Tokenizer
	preprocess *preprocess.Preprocessor
	positions  int // of the text tower
	towers     *clipmodel.Encoder
}

var (
	_ sdk.TextEncoder = (*encoder)(nil)
	_ io.Closer       = (*encoder)(nil)
)

// check compares the files of a model with each other, the weights by their headers.
func check(config json.RawMessage) error {
	_, sizes, directory, err := read(config)
	if err != nil {
		return err
	}
	backend, err := backends.Open(backends.Go)
	if err != nil {
		return err
	}
	return sizes.Weights(backend).Check(directory)
}

// open reads everything but the weights first: those are gigabytes, and what
// is wrong with the small files shows at once.
func open(_ context.Context, request sdk.OpenRequest) (any, error) {
	e, sizes, directory, err := read(request.Config)
	if err != nil {
		return nil, err
	}
	backend, err := backends.Open(request.Backend)
	if err != nil {
		return nil, err
	}
	store, err := sizes.Weights(backend).Read(directory)
	if err != nil {
		return nil, err
	}
	if e.towers, err = clipmodel.NewEncoder(backend, sizes, store); err != nil {
		return nil, err
	}
	return e, nil
}

// read reads all but the weights.
func read(text json.RawMessage) (e *encoder, sizes clipmodel.Config, directory string, err error) {
	c, err := sdk.Decode[config](text)
	if err != nil {
		return nil, sizes, "", err
	}
	if c.Weights == "" {
		return nil, sizes, "", sdk.Diagnostic{
			Summary: "The encoder clip needs weights",
			Detail:  "None come with this program: write weights = \"path\" of a directory with a CLIPModel.",
		}
	}
	e = &encoder{}
	var failures [3]error
	sizes, failures[0] = clipmodel.ReadBoth(c.Weights)
	e.tokens, failures[1] = tokenizer.Load(c.Weights)
	e.preprocess, failures[2] = preprocess.Load(c.Weights)
	if err := errors.Join(failures[:]...); err != nil {
		return nil, sizes, "", err
	}
	if err := e.fits(c.Weights, sizes); err != nil {
		return nil, sizes, "", err
	}
	e.positions = sizes.Text.Positions
	return e, sizes, c.Weights, nil
}

// fits compares the files of a directory with each other. Where they disagree,
// vectors would come out that mean nothing.
func (e *encoder) fits(directory string, sizes clipmodel.Config) error {
	var all sdk.Diagnostics
	different := "The files in " + directory + " are of different models"
	if have := e.tokens.Size(); have > sizes.Text.Vocabulary {
		all.Addf(different, "The tokenizer has %d tokens, the text tower's vocab_size is %d.", have, sizes.Text.Vocabulary)
	}
	if end := e.tokens.End(); !sizes.Text.EndsWith(end) {
		all.Addf(different, "The tokenizer's end token has the id %d, the text tower's eos_token_id is %d.", end, sizes.Text.End)
	}
	if height, width := e.preprocess.Size(); height != sizes.Vision.ImageSize || width != sizes.Vision.ImageSize {
		all.Addf(different, "The preprocessor makes images of %d x %d pixels, the image tower's image_size is %d.", height, width, sizes.Vision.ImageSize)
	}
	return all.Err()
}

// EncodeImages encodes images of any size as projected features, not
// normalized.
func (e *encoder) EncodeImages(ctx context.Context, images []sdk.Image) ([][]float32, error) {
	pixels := make([][]float32, len(images))
	var work sync.WaitGroup
	for i, image := range images {
		work.Go(func() { pixels[i] = e.preprocess.Apply(image) })
	}
	work.Wait()
	return e.towers.Images(ctx, pixels)
}

// EncodeTexts encodes texts as projected features, not normalized. The towers
// of CLIP read 77 tokens: of a longer text, the first 75 and the end token
// count, as they do in CLIP's own code with truncate=True, and a warning says so.
func (e *encoder) EncodeTexts(ctx context.Context, texts []string) ([][]float32, error) {
	ids := make([][]int32, len(texts))
	for i, text := range texts {
		var truncated bool
		if ids[i], truncated = e.tokens.Sequence(text, e.positions); truncated {
			sdk.Warn(ctx, e.tokens.TooLong(text, e.positions))
		}
	}
	return e.towers.Texts(ctx, ids)
}

// Close frees the compiled networks.
func (e *encoder) Close() error {
	e.towers.Close()
	return nil
}
