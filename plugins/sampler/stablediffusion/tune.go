package stablediffusion

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/plumb-ml/plumb/plugins/ml/latentcache"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
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
	if s.config.LoRA != "" {
		return sdk.Diagnostic{
			Summary: "A sampler with LoRA is not tuned",
			Detail:  "Its weights are those of the model with the adapters merged into them, and a finetune begins with the model's own. Tune a sampler of the same weights without lora.",
		}
	}
	if len(request.Losses) == 0 {
		return errors.New("there is no loss to train with")
	}
	settings, err := latentdiffusion.ReadSettings(request.Options)
	if err != nil {
		return err
	}
	if err := objective.CheckSizes(request.Losses, request.BatchSize, settings.MicroBatchSize); err != nil {
		return err
	}
	store, err := s.model.Trainable(s.backend, s.directory, s.adapters, settings, request.Seed)
	if err != nil {
		return err
	}
	defer store.Finalize()
	scratch := request.Scratch
	if scratch == "" {
		if scratch, err = os.MkdirTemp("", "plumb-precomputed-"); err != nil {
			return err
		}
		defer os.RemoveAll(scratch)
	}
	examples, err := s.examples(ctx, request, scratch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, examples.Close()) }()
	reference := latentdiffusion.Reference{Adapted: settings.LoRA != nil && s.adapters != nil}
	if r := request.Reference; r != nil {
		if reference.Store, err = s.model.ReadReference(s.backend, s.config.Weights, r.Checkpoint); err != nil {
			return err
		}
		defer reference.Store.Finalize() // of what was not taken over
	}
	if err := s.model.Tune(ctx, s.backend, store, examples, reference, settings, request, report); err != nil {
		return err
	}
	return s.model.WriteTuned(s.backend, request.Output, s.directory, s.checkpoint, store, settings)
}

// examples opens the images' latents and conditions. Those that were not precomputed
// are computed now.
func (s *sampler) examples(ctx context.Context, request sdk.TuneRequest, scratch string) (*latentcache.Cache, error) {
	var directories []string
	for _, loss := range request.Losses {
		for _, set := range loss.Sets {
			directory := set.Precomputed
			if directory == "" {
				var err error
				if directory, err = s.precomputed(ctx, set.Images, scratch); err != nil {
					return nil, err
				}
			}
			directories = append(directories, directory)
		}
	}
	return latentcache.Open(directories...)
}

// precomputed is the directory in scratch with the latent cache of a table of images,
// computed by this call or by one before it that was killed.
func (s *sampler) precomputed(ctx context.Context, images, scratch string) (string, error) {
	name := train.Digest([]byte(images))[:16]
	output, unfinished := filepath.Join(scratch, "precomputed-"+name), filepath.Join(scratch, "precomputing-"+name)
	intact, err := sealed.FindDirectory(output)
	if damaged := new(*sealed.Damaged); errors.As(err, damaged) {
		sdk.Repaired(ctx, fmt.Sprintf("What was precomputed is damaged (%s), and made again.", output))
		err = nil
	}
	if err != nil || intact {
		return output, err
	}
	if err := errors.Join(os.MkdirAll(output, 0o755), os.MkdirAll(unfinished, 0o755)); err != nil {
		return "", err
	}
	request := sdk.PrecomputeRequest{Images: images, Output: output, Scratch: unfinished}
	if err := s.Precompute(ctx, request, func(sdk.Progress) error { return nil }); err != nil {
		return "", err
	}
	return output, sealed.SealDirectory(output)
}
