package latentdiffusion

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/objective"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
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
	latents, conditions := examples.Size()
	if want := m.Denoiser.Conditions(); !conditioning.Takes(want, conditions) {
		return fmt.Errorf("the examples have the conditions %v, the network takes %v", conditions, want)
	}
	identity, err := objective.Identify([]any{m.Denoiser, m.Scheduler, latents, conditions, settings}, request)
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
		Until:     request.Until,
		State:     request.State,
		Resume:    request.Resume,
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
		p.adapters = settings.LoRA.Scale()
	}
	return p
}

// Add takes in an image and returns its number.
func (p *policy) Add(ctx context.Context, image table.Image) (int, error) { return p.add(ctx, image) }

// Predict builds the network's prediction from noisy latents, and its target.
func (p *policy) Predict(in []*Node) (prediction, target *Node) {
	noisy, target, timesteps, conditions := p.unpack(in)
	return p.model.Denoiser.Build(p.params.WithAdapters(p.adapters), noisy, timesteps, conditions), target
}

// Freeze keeps the reference's weights, which it takes over. New adapters change nothing yet: the
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

// Reference builds the frozen network's prediction.
func (p *policy) Reference(in []*Node) *Node {
	noisy, _, timesteps, conditions := p.unpack(in)
	params := p.params.Frozen()
	if p.reference.Store == nil && p.reference.Adapted {
		params = params.WithAdapters(p.adapters)
	}
	return p.model.Denoiser.Build(params, noisy, timesteps, conditions)
}

// noised are examples that noise is added to.
type noised struct {
	inputs     Inputs
	prediction diffusion.Prediction
	schedule   diffusion.Schedule
	scale      float32 // of latents
	gamma      float64 // of objective.MinSNR; 0: none
	// draw draws the random numbers of an example with latents of each numbers.
	draw func(random *rand.Rand, each int) drawn
}

// drawn are the random numbers of an example in a step.
type drawn struct {
	timestep int
	latents  []float32 // standard normal: a sample of the latents' distribution
	noise    []float32 // standard normal: added to the latents
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

// unpack takes Inputs apart.
func (n noised) unpack(in []*Node) (noisy, target, timesteps *Node, conditions conditioning.Of[*Node]) {
	_, shapes := n.inputs.Size()
	return in[0], in[1], in[2], conditioning.Unpack(shapes, in[3:])
}

// Inputs are noisy latents, the targets of their prediction, timesteps, and the
// conditions of captions in their packed order.
//
//	x_0 = scale (mean + deviation other noise)
func (n noised) Inputs(draws []objective.Draw) (inputs []any, factors []float64, err error) {
	latents, conditions := n.inputs.Size()
	each := latents[0] * latents[1] * latents[2]
	noisy := make([]float32, len(draws)*each)
	target := make([]float32, len(draws)*each)
	timesteps := make([]float32, len(draws))
	given := conditioning.Of[[]float32]{}
	for name, dims := range conditions {
		given[name] = make([]float32, len(draws)*safetensors.Size(dims))
	}
	mean, deviation, clean := make([]float32, each), make([]float32, each), make([]float32, each)
	for i, draw := range draws {
		d := n.draw(draw.Random, each)
		timesteps[i] = float32(d.timestep)
		if err := n.inputs.Latents(draw.Image, mean, deviation); err != nil {
			return nil, nil, err
		}
		at := n.schedule.At(d.timestep)
		if n.gamma > 0 {
			factors = append(factors, objective.MinSNR(at.Alpha, at.Sigma, n.gamma, n.prediction == diffusion.Velocity))
		}
		for j := range clean {
			clean[j] = n.scale * (mean[j] + deviation[j]*d.latents[j])
		}
		at.AddNoise(noisy[i*each:(i+1)*each], clean, d.noise)
		n.prediction.Target(target[i*each:(i+1)*each], clean, d.noise, at)
		out := conditioning.Of[[]float32]{}
		for name, values := range given {
			size := len(values) / len(draws)
			out[name] = values[i*size : (i+1)*size]
		}
		if d.silent {
			err = n.inputs.Empty(out)
		} else {
			err = n.inputs.Conditions(draw.Image, out)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	inputs = []any{
		tensors.FromFlatDataAndDimensions(noisy, append([]int{len(draws)}, latents[:]...)...),
		tensors.FromFlatDataAndDimensions(target, append([]int{len(draws)}, latents[:]...)...),
		tensors.FromFlatDataAndDimensions(timesteps, len(draws)),
	}
	for _, name := range conditions.Names() {
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(given[name], append([]int{len(draws)}, conditions[name]...)...))
	}
	return inputs, factors, nil
}
