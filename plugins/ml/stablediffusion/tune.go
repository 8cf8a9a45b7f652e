package stablediffusion

import (
	"context"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/loss"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/ml/tuning"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Tune trains the denoising network in store by the sum of the request's losses
// (package tuning). Autoencoder and text encoder stay as they are.
func (m *Model) Tune(ctx context.Context, backend compute.Backend, store *model.Store, examples Examples, settings Settings, request sdk.TuneRequest, report func(sdk.Progress) error) error {
	optimizer, err := train.ReadOptimizer(request.Optimizer)
	if err != nil {
		return err
	}
	terms, err := tuning.Load(ctx, request, func(image dataset.Image) (int, error) { return examples.Add(ctx, image) })
	if err != nil {
		return err
	}
	latents, text := examples.Size()
	identity, err := tuning.Identify([]any{m.UNet, m.Scheduler, latents, text, settings}, request)
	if err != nil {
		return err
	}
	job := m.job(store, m.noised(examples, settings), settings, tuning.Batch{
		Terms: terms, Images: request.BatchSize, Micro: settings.MicroBatchSize, Seed: request.Seed,
	})
	return job.Run(ctx, &train.Loop{
		Backend:   backend,
		Store:     store,
		Steps:     request.Steps,
		Optimizer: optimizer,
		Scratch:   request.Scratch,
		Identity:  identity,
		Advice:    settings.advice(),
	}, report)
}

// job is the fine-tuning on given batches.
func (m *Model) job(store *model.Store, examples noised, settings Settings, batch tuning.Batch) *tuning.Job {
	p := nn.LoadedParams(store)
	if settings.LoRA != nil {
		p = p.WithAdapters(settings.LoRA.scale())
	}
	if settings.Precision == BFloat16 {
		p = p.In16()
	}
	if settings.GradientCheckpointing {
		p = p.Recomputing()
	}
	return &tuning.Job{
		Batch:  batch,
		Inputs: examples.inputs,
		Predict: func(in []*Node) (prediction, target *Node) {
			noisy, target, timesteps, text := in[0], in[1], in[2], in[3]
			return m.UNet.Build(p, noisy, timesteps, text), target
		},
	}
}

// noised are examples that noise is added to.
type noised struct {
	Inputs
	prediction diffusion.Prediction
	schedule   diffusion.Schedule
	scale      float32 // of latents
	gamma      float64 // of loss.MinSNR; 0: none
	// draw draws what is random about an example with latents of each numbers.
	draw func(random *rand.Rand, each int) drawn
}

// drawn is what is random about an example in a step.
type drawn struct {
	timestep int
	latents  []float32 // standard normal: where in their distribution the latents lie
	noise    []float32 // standard normal: what is added
	silent   bool      // the caption is left out
}

func (m *Model) noised(inputs Inputs, settings Settings) noised {
	schedule := m.Scheduler.Schedule()
	return noised{
		Inputs: inputs, prediction: m.Scheduler.Prediction, schedule: schedule, scale: float32(m.VAE.ScalingFactor), gamma: settings.MinSNRGamma,
		draw: func(random *rand.Rand, each int) drawn {
			d := drawn{timestep: random.IntN(m.Scheduler.Timesteps), latents: make([]float32, each), noise: make([]float32, each)}
			for _, values := range [][]float32{d.latents, d.noise} {
				for i := range values {
					values[i] = float32(random.NormFloat64())
				}
			}
			d.silent = guidance.DropCaption(random, settings.PromptDropout)
			return d
		},
	}
}

// inputs are noisy latents, what is to be predicted from them, timesteps and the
// embeddings of captions.
//
//	x_0 = scale (mean + deviation other noise)
func (n noised) inputs(slots []tuning.Slot) ([]any, error) {
	latents, text := n.Size()
	each, textEach := latents[0]*latents[1]*latents[2], text[0]*text[1]
	noisy := make([]float32, len(slots)*each)
	target := make([]float32, len(slots)*each)
	timesteps := make([]float32, len(slots))
	texts := make([]float32, len(slots)*textEach)
	mean, deviation, clean := make([]float32, each), make([]float32, each), make([]float32, each)
	for i, slot := range slots {
		d := n.draw(slot.Random, each)
		timesteps[i] = float32(d.timestep)
		if err := n.Latents(slot.Example, mean, deviation); err != nil {
			return nil, err
		}
		at := n.schedule.At(d.timestep)
		if n.gamma > 0 {
			slots[i].Factor *= loss.MinSNR(at.Alpha, at.Sigma, n.gamma, n.prediction == diffusion.Velocity)
		}
		for j := range clean {
			clean[j] = n.scale * (mean[j] + deviation[j]*d.latents[j])
		}
		at.AddNoise(noisy[i*each:(i+1)*each], clean, d.noise)
		n.prediction.Target(target[i*each:(i+1)*each], clean, d.noise, at)
		out := texts[i*textEach : (i+1)*textEach]
		var err error
		if d.silent {
			err = n.Empty(out)
		} else {
			err = n.Text(slot.Example, out)
		}
		if err != nil {
			return nil, err
		}
	}
	return []any{
		tensors.FromFlatDataAndDimensions(noisy, append([]int{len(slots)}, latents[:]...)...),
		tensors.FromFlatDataAndDimensions(target, append([]int{len(slots)}, latents[:]...)...),
		tensors.FromFlatDataAndDimensions(timesteps, len(slots)),
		tensors.FromFlatDataAndDimensions(texts, append([]int{len(slots)}, text[:]...)...),
	}, nil
}
