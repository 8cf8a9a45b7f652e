package stablediffusion

import (
	"context"
	"errors"

	"github.com/plumb-ml/plumb/plugins/ml/stablediffusion"
	"github.com/plumb-ml/plumb/plugins/ml/tuning"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Tune fine-tunes the denoising network, or adapters of it. The instance goes on
// drawing with its own weights.
func (s *sampler) Tune(ctx context.Context, request sdk.TuneRequest, report func(sdk.Progress) error) (err error) {
	if request.FromScratch {
		return sdk.Diagnostic{
			Summary: "Stable Diffusion is not trained from scratch here",
			Detail:  "from_scratch = true asks for random weights in place of the published ones; that would take thousands of GPU-days and hundreds of millions of images. Remove it to fine-tune.",
		}
	}
	settings, err := stablediffusion.ReadSettings(request.Options)
	if err != nil {
		return err
	}
	store, err := s.model.Trainable(s.backend, s.directory, s.adapters, settings, request.Seed)
	if err != nil {
		return err
	}
	defer store.Finalize()
	examples, err := s.examples(ctx, request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, examples.Close()) }()
	if err := s.model.Tune(ctx, s.backend, store, examples, settings, request, report); err != nil {
		return err
	}
	return s.model.WriteTuned(s.backend, request.Output, s.directory, s.checkpoint, store, settings)
}

// examples are encoded by the model's own autoencoder and text encoder.
func (s *sampler) examples(ctx context.Context, request sdk.TuneRequest) (*stablediffusion.Encoded, error) {
	sizes := []int{s.config.Height, s.config.Width, s.texts.tower.Positions, s.texts.tower.Width}
	request.Optimizer, request.Options = sdk.Optimizer{}, nil // what is learnt from does not depend on them
	name, err := tuning.Identify(sizes, request)
	if err != nil {
		return nil, err
	}
	return s.model.NewEncoded(ctx, s.backend, stablediffusion.EncodedRequest{
		Height: s.config.Height, Width: s.config.Width,
		Text: [2]int{s.texts.tower.Positions, s.texts.tower.Width},
		Embed: func(ctx context.Context, caption string) ([]float32, error) {
			embedding, err := s.texts.encode(ctx, []string{caption})
			return embedding.Data, err
		},
		Directory: request.Scratch, Name: name[:16],
	})
}
