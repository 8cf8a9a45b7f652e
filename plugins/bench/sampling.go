package bench

import (
	"context"
	"math/rand/v2"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
)

// mostSteps of a solver are timed together: as many as an image takes by
// default.
const mostSteps = 50

// sampling measures what the sampler does for a step of the solver, on a batch
// of images: with guidance, a call of the denoising network on twice the batch.
func (b *bench) sampling(ctx context.Context) (*Measured, error) {
	m, err := b.random(true)
	if err != nil {
		return nil, err
	}
	defer m.Finalize()
	pipeline, err := m.NewPipeline(b.backend)
	if err != nil {
		return nil, err
	}
	defer pipeline.Close()
	numbers := rand.New(rand.NewPCG(1, uint64(b.Batch)))
	latents := b.normal(numbers, b.Batch, b.size.Latent, b.size.Latent, b.size.UNet.InChannels)
	request := latentdiffusion.Request{Guidance: 1, Solver: "ddim", Steps: 1}
	request.Conditions = b.prompts(numbers)
	calls := b.Batch
	if b.Guided {
		request.Guidance, calls = 7.5, 2*b.Batch
		request.Negative = b.prompts(numbers)
	}
	network, err := b.forward()
	if err != nil {
		return nil, err
	}
	draw := func() error {
		normals(numbers, 1, latents.Data)
		return pipeline.Sample(ctx, latents, request)
	}
	// One step alone tells how many make a repetition of a fifth of the budget.
	one := b.Case
	one.Budget, one.Least = 1, 1
	first, err := one.repeat(draw)
	if err != nil {
		return nil, err
	}
	t := first
	if first.Seconds < b.Budget.Seconds() || b.Least != 1 { // else it is measured
		request.Steps = min(max(1, int(b.Budget.Seconds()/fewest/first.Seconds)), mostSteps)
		if t, err = b.repeat(draw); err != nil {
			return nil, err
		}
		t = t.per(float64(request.Steps))
		t.Compile = first.Compile
	}
	return &Measured{Timing: t, Operations: float64(calls) * network.Operations}, nil
}

// decoding measures the decoder on one image's latents. It is always computed in
// float32, as the sampler does it.
func (b *bench) decoding(context.Context) (*Measured, error) {
	m, err := b.random(false)
	if err != nil {
		return nil, err
	}
	defer m.Finalize()
	pipeline, err := m.NewPipeline(b.backend)
	if err != nil {
		return nil, err
	}
	defer pipeline.Close()
	latents := b.normal(rand.New(rand.NewPCG(1, 0)), 1, b.size.Latent, b.size.Latent, b.size.UNet.InChannels)
	counting, err := backends.Open(backends.Go)
	if err != nil {
		return nil, err
	}
	t, err := b.repeat(func() error { _, err := pipeline.Decode(latents); return err })
	return &Measured{Timing: t, Operations: b.size.decoding(counting).Operations}, err
}

// random is the model with random weights of the network that is to be measured,
// of the denoising one or the decoder, and none of the other.
func (b *bench) random(denoising bool) (*latentdiffusion.Model, error) {
	m := &latentdiffusion.Model{
		Denoiser: b.size.UNet, VAE: b.size.VAE, Scheduler: b.size.Scheduler,
		DenoiserStore: model.NewStore(), VAEStore: model.NewStore(),
	}
	var err error
	if !denoising {
		m.VAEStore, err = weights(m.VAE.Weights(b.backend).Needs, b.fill)
		return m, err
	}
	if m.DenoiserStore, err = weights(m.Denoiser.Weights(b.backend).Needs, b.fill); err == nil && b.in16() {
		err = m.In16()
	}
	return m, err
}

// forward is a call of the denoising network on one image.
func (b *bench) forward() (flops.Network, error) {
	counting, err := backends.Open(backends.Go)
	if err != nil {
		return flops.Network{}, err
	}
	return b.size.UNet.Count(counting, 1, b.size.Latent, b.size.Latent, b.size.conditions()), nil
}

// prompts are random conditions of a batch.
func (b *bench) prompts(random *rand.Rand) conditioning.Of[latentdiffusion.Tensor] {
	out := conditioning.Of[latentdiffusion.Tensor]{}
	conditions := b.size.conditions()
	for _, name := range conditions.Names() {
		out[name] = b.normal(random, append([]int{b.Batch}, conditions[name]...)...)
	}
	return out
}

// normal is a batch of standard normal numbers.
func (b *bench) normal(random *rand.Rand, dims ...int) latentdiffusion.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	out := latentdiffusion.Tensor{Dims: dims, Data: make([]float32, size)}
	normals(random, 1, out.Data)
	return out
}
