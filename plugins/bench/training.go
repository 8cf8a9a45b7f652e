package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/lora"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// errEnough ends a training that has been repeated enough.
var errEnough = errors.New("enough")

// adapterFactor is how many times a forward pass a training step of adapters
// takes: frozen weights need no gradient, so the backward pass has one product
// for each of the forward one. What the adapters themselves take is left out; it
// is under a hundredth.
const adapterFactor = 2

// settings are those of a finetune block.
func (c Case) settings() latentdiffusion.Settings {
	s := latentdiffusion.Settings{Precision: c.Precision, PromptDropout: 0.1, GradientCheckpointing: c.Recompute}
	if c.Kind == LoRA {
		s.LoRA = &lora.Config{Rank: c.Rank, Targets: []string{"to_q", "to_k", "to_v", "to_out.0"}}
	}
	return s
}

// optimizer are a finetune block's defaults, with a learning rate that leaves
// random weights where they are.
func optimizer() train.Optimizer {
	return train.Optimizer{
		LearningRate: 1e-6, WarmupSteps: 20, Schedule: "constant",
		WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, GradientClipNorm: 1,
	}
}

// training measures steps of a fine-tuning as a finetune block runs it, by the
// reward-weighted loss: latentdiffusion.Model.Tune, with random weights, and with
// random latents and embeddings where precomputed ones would be read. It saves
// nothing meanwhile.
func (b *bench) training(ctx context.Context) (*Measured, error) {
	settings := b.settings()
	m := &latentdiffusion.Model{Denoiser: b.size.UNet, VAE: b.size.VAE, Scheduler: b.size.Scheduler}
	store, err := weights(m.Denoiser.Weights(b.backend).Needs, b.fill)
	if err != nil {
		return nil, err
	}
	if store, err = m.Adapted(b.backend, store, nil, settings, 1); err != nil {
		return nil, err
	}
	defer store.Finalize()
	network, err := b.forward()
	if err != nil {
		return nil, err
	}
	directory, err := os.MkdirTemp("", "plumb-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	request, err := b.request(directory, settings)
	if err != nil {
		return nil, err
	}
	var first float64
	var each []float64
	var begin time.Time // of the repetitions
	last := time.Now()
	err = m.Tune(ctx, b.backend, store, b.examples(), latentdiffusion.Reference{}, settings, request, func(sdk.Progress) error {
		now := time.Now()
		took := now.Sub(last).Seconds()
		last = now
		if first == 0 {
			first, begin = took, now
			return nil
		}
		if each = append(each, took); b.enough(len(each), now.Sub(begin)) {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		return nil, err
	}
	factor := float64(flops.TrainingFactor)
	if b.Kind == LoRA {
		factor = adapterFactor
	}
	return &Measured{Timing: timing(first, each), Operations: factor * float64(b.Batch) * network.Operations}, nil
}

// request is the job, on tables of images that nobody will look at.
func (b *bench) request(directory string, settings latentdiffusion.Settings) (sdk.TuneRequest, error) {
	options, err := json.Marshal(settings)
	if err != nil {
		return sdk.TuneRequest{}, err
	}
	png, err := imaging.EncodePNG(imaging.Image{Width: 1, Height: 1, RGB: make([]byte, 3)})
	if err != nil {
		return sdk.TuneRequest{}, err
	}
	var rows []table.Image
	var scores []table.Score
	for i := range manyExamples {
		id := fmt.Sprint(i)
		rows = append(rows, table.Image{ID: id, Image: table.File{Bytes: png}, Prompt: "a benchmark"})
		scores = append(scores, table.Score{ImageID: id, Score: 1 + float64(i%3)})
	}
	images, scored := filepath.Join(directory, "images.parquet"), filepath.Join(directory, "scores.parquet")
	if err := errors.Join(table.WriteAll(images, rows), table.WriteAll(scored, scores)); err != nil {
		return sdk.TuneRequest{}, err
	}
	return sdk.TuneRequest{
		Losses: []sdk.TuneLoss{{Name: "reward_weighted", Weight: 1, Sets: []sdk.TuneSet{{Images: images, Scores: scored}}}},
		Steps:  1 << 20, BatchSize: b.Batch, Optimizer: optimizer().JSON(), Seed: 1, Options: options,
	}, nil
}
