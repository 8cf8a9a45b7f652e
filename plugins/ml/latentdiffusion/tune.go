package latentdiffusion

import (
	"context"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// Tune trains the denoising network in store by the sum of the request's losses
// (package objective). Autoencoder and text encoder stay as they are. reference is
// what losses compare the network with, if they ask for one.
func (m *Model) Tune(ctx context.Context, backend compute.Backend, store *model.Store, examples Examples, reference Reference, settings Settings, request sdk.TuneRequest, report func(sdk.Progress) error) error {
	optimizer, err := train.ReadOptimizer(request.Optimizer)
	if err != nil {
		return err
	}
	policy := m.policy(store, m.noised(examples, settings), reference, settings)
	policy.add = examples.Add
	terms, err := objective.Load(ctx, request, policy)
	if err != nil {
		return err
	}
	latents, text := examples.Size()
	identity, err := objective.Identify([]any{m.UNet, m.Scheduler, latents, text, settings}, request)
	if err != nil {
		return err
	}
	job := objective.Job{Policy: policy, Step: objective.Step{
		Terms: terms, Images: request.BatchSize, Micro: settings.MicroBatchSize, Seed: request.Seed,
	}}
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

// policy is the denoising network, as losses see it.
type policy struct {
	noised
	model     *Model
	store     *model.Store
	reference Reference
	adapters  float64 // what their output is multiplied by; 0: all weights are trained
	params    nn.Params

	add func(ctx context.Context, image table.Image) (int, error)
}

var _ objective.Policy = (*policy)(nil)

func (m *Model) policy(store *model.Store, examples noised, reference Reference, settings Settings) *policy {
	p := &policy{noised: examples, model: m, store: store, reference: reference, params: nn.LoadedParams(store)}
	if settings.Precision == BFloat16 {
		p.params = p.params.In16()
	}
	if settings.GradientCheckpointing {
		p.params = p.params.Recomputing()
	}
	if settings.LoRA != nil {
		p.adapters = settings.LoRA.scale()
	}
	return p
}

// Add takes in an image and returns its number.
func (p *policy) Add(ctx context.Context, image table.Image) (int, error) { return p.add(ctx, image) }

// Predict builds what the network predicts from noisy latents, and what it should.
func (p *policy) Predict(in []*Node) (prediction, target *Node) {
	noisy, target, timesteps, text := in[0], in[1], in[2], in[3]
	return p.model.UNet.Build(p.params.WithAdapters(p.adapters), noisy, timesteps, text), target
}

// Freeze keeps the reference's weights. New adapters change nothing yet: the
// network without them needs no copy.
func (p *policy) Freeze() error {
	switch {
	case p.reference.Store != nil:
		return nn.FreezeFrom(p.store, p.reference.Store)
	case p.adapters != 0 && !p.reference.Adapted:
		return nil
	}
	return nn.Freeze(p.store)
}

// Reference builds what the frozen network predicts.
func (p *policy) Reference(in []*Node) *Node {
	noisy, timesteps, text := in[0], in[2], in[3]
	params := p.params.Frozen()
	if p.reference.Store == nil && p.reference.Adapted {
		params = params.WithAdapters(p.adapters)
	}
	return p.model.UNet.Build(params, noisy, timesteps, text)
}

// noised are examples that noise is added to.
type noised struct {
	inputs     Inputs
	prediction diffusion.Prediction
	schedule   diffusion.Schedule
	scale      float32 // of latents
	gamma      float64 // of objective.MinSNR; 0: none
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
		inputs: inputs, prediction: m.Scheduler.Prediction, schedule: schedule, scale: float32(m.VAE.ScalingFactor), gamma: settings.MinSNRGamma,
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

// Inputs are noisy latents, what is to be predicted from them, timesteps and the
// embeddings of captions.
//
//	x_0 = scale (mean + deviation other noise)
func (n noised) Inputs(draws []objective.Draw) (inputs []any, weights []float64, err error) {
	latents, text := n.inputs.Size()
	each, textEach := latents[0]*latents[1]*latents[2], text[0]*text[1]
	noisy := make([]float32, len(draws)*each)
	target := make([]float32, len(draws)*each)
	timesteps := make([]float32, len(draws))
	texts := make([]float32, len(draws)*textEach)
	mean, deviation, clean := make([]float32, each), make([]float32, each), make([]float32, each)
	for i, draw := range draws {
		d := n.draw(draw.Random, each)
		timesteps[i] = float32(d.timestep)
		if err := n.inputs.Latents(draw.Image, mean, deviation); err != nil {
			return nil, nil, err
		}
		at := n.schedule.At(d.timestep)
		if n.gamma > 0 {
			weights = append(weights, objective.MinSNR(at.Alpha, at.Sigma, n.gamma, n.prediction == diffusion.Velocity))
		}
		for j := range clean {
			clean[j] = n.scale * (mean[j] + deviation[j]*d.latents[j])
		}
		at.AddNoise(noisy[i*each:(i+1)*each], clean, d.noise)
		n.prediction.Target(target[i*each:(i+1)*each], clean, d.noise, at)
		out := texts[i*textEach : (i+1)*textEach]
		if d.silent {
			err = n.inputs.Empty(out)
		} else {
			err = n.inputs.Text(draw.Image, out)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return []any{
		tensors.FromFlatDataAndDimensions(noisy, append([]int{len(draws)}, latents[:]...)...),
		tensors.FromFlatDataAndDimensions(target, append([]int{len(draws)}, latents[:]...)...),
		tensors.FromFlatDataAndDimensions(timesteps, len(draws)),
		tensors.FromFlatDataAndDimensions(texts, append([]int{len(draws)}, text[:]...)...),
	}, weights, nil
}
