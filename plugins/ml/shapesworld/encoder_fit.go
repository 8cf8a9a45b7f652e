package shapesworld

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/loss"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// FitEncoder trains an encoder on images with captions, as CLIP is trained.
func FitEncoder(ctx context.Context, backend compute.Backend, config EncoderConfig, store *model.Store, settings train.Settings, request sdk.FitRequest, report func(sdk.Progress) error) error {
	examples, err := Examples(ctx, request.ImageTables())
	if err != nil {
		return err
	}
	captions := make([]string, len(examples))
	for i, example := range examples {
		captions[i] = example.Prompt
	}
	WarnOfUnknown(ctx, captions)
	batch, width := settings.BatchSize, len(config.Vocabulary)
	shuffled := train.NewShuffled(len(examples), request.Seed)
	identity, err := fitIdentity(config, settings, request)
	if err != nil {
		return err
	}
	loop := &train.Loop{
		Backend: backend, Store: store, Steps: settings.Steps, Optimizer: settings.Optimizer(),
		Scratch: request.Scratch, Identity: identity,
		Batch: func(step int) ([]any, error) {
			patches, words := make([]float32, batch*imageValues), make([]float32, batch*width)
			prompts := make([]string, batch)
			for i := range batch {
				random := rand.New(rand.NewPCG(request.Seed, uint64(step)<<20|uint64(i)))
				e := examples[shuffled.At(step*batch+i)]
				ToPatches(flip(e.RGB, random), patches[i*imageValues:(i+1)*imageValues])
				config.words(e.Prompt, words[i*width:(i+1)*width])
				prompts[i] = e.Prompt
			}
			return []any{
				patchTensor(patches, batch),
				tensors.FromFlatDataAndDimensions(words, batch, width),
				tensors.FromFlatDataAndDimensions(loss.SameText(prompts), batch, batch),
			}, nil
		},
		Loss: func(inputs []*Node) (*Node, []*Node) {
			p := nn.NewParams(store, request.Seed)
			logScale := p.Weight(inputs[0].Graph(), "logit_scale", func(_ *rand.Rand, _ []int, out []float32) {
				out[0] = float32(math.Log(1 / 0.07)) // Radford et al. 2021, section 2.5
			}, 1)
			return loss.Contrastive(config.image(p, inputs[0]), config.text(p, inputs[1]), inputs[2], logScale), nil
		},
	}
	return loop.Run(ctx, report)
}

// fitIdentity tells a fit from another one, for train.Loop. Where the result is put
// does not count: that is another place when a fit that was killed is asked for again.
func fitIdentity(config any, settings train.Settings, request sdk.FitRequest) (string, error) {
	request.Output, request.Scratch = "", ""
	return train.Identify(config, settings, request)
}

// flip mirrors half of the images.
func flip(rgb []byte, random *rand.Rand) []byte {
	if random.IntN(2) == 0 {
		return rgb
	}
	out := make([]byte, len(rgb))
	for y := range Size {
		for x := range Size {
			copy(out[(y*Size+x)*3:][:3], rgb[(y*Size+Size-1-x)*3:][:3])
		}
	}
	return out
}
