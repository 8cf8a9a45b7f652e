package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/stablediffusion"
)

// sampling measures a solver's steps and decoding.
func (r *run) sampling(ctx context.Context) error {
	m := &stablediffusion.Model{UNet: r.size.UNet, VAE: r.size.VAE, Scheduler: r.size.Scheduler}
	defer m.Finalize()
	var err error
	if m.UNetStore, err = random(r.backend, m.UNet.Weights(r.backend).Needs); err != nil {
		return err
	}
	if m.VAEStore, err = random(r.backend, m.VAE.Weights(r.backend).Needs); err != nil {
		return err
	}
	drawer, err := m.NewDrawer(r.backend)
	if err != nil {
		return err
	}
	defer drawer.Close()

	if r.size.Accelerator && !r.accelerated() {
		// What a processor can do in a minute or two and 8 GiB: one call at half
		// the size. Guidance and batches only multiply it.
		whole := r.size.Latent
		r.size.Latent /= 2
		_, err := r.sample(ctx, drawer, 1, false)
		r.size.Latent = whole
		if err != nil {
			return err
		}
		r.leave("sampling at %d x %d pixels with guidance, batch 8, and decoding: they need an accelerator, or more than 8 GiB and much time", r.size.pixels(), r.size.pixels())
		return nil
	}
	for _, batch := range r.size.Sampling {
		if _, err := r.sample(ctx, drawer, batch, true); exhausted(err) {
			r.leave("sampling at batch %d: the device has too little memory", batch)
		} else if err != nil {
			return err
		}
	}
	return r.decode(drawer)
}

// sample measures one size of batch.
func (r *run) sample(ctx context.Context, drawer *stablediffusion.Drawer, batch int, guided bool) (Sampling, error) {
	out := Sampling{Batch: batch, Pixels: r.size.pixels(), Guided: guided}
	random := rand.New(rand.NewPCG(1, uint64(batch)))
	latents := r.normal(random, batch, r.size.Latent, r.size.Latent, r.size.UNet.InChannels)
	request := stablediffusion.Request{Guidance: 1, Solver: diffusion.SolverDDIM, Steps: 1}
	request.Prompts = r.normal(random, batch, r.size.Tokens, r.size.UNet.CrossWidth)
	calls := batch
	if guided {
		request.Guidance, calls = 7.5, 2*batch
		request.Negative = r.normal(random, batch, r.size.Tokens, r.size.UNet.CrossWidth)
	}
	network, err := r.operations(calls)
	if err != nil {
		return out, err
	}
	r.memory.reset()
	draw := func(steps int) (float64, error) {
		normals(random, 1, latents.Data)
		request.Steps = steps
		start := time.Now()
		err := drawer.Draw(ctx, latents, request)
		return time.Since(start).Seconds(), err
	}
	first, err := draw(1)
	if err != nil {
		return out, fmt.Errorf("sample at batch %d: %w", batch, err)
	}
	one, err := draw(1) // how many fit into the budget
	if err != nil {
		return out, err
	}
	out.Compile, out.Seconds = first, one
	if steps := int(r.Budget.Seconds() / one); steps > 1 {
		steps = min(steps, 500)
		total, err := draw(steps)
		if err != nil {
			return out, err
		}
		out.Seconds = total / float64(steps)
	}
	out.PerSecond = 1 / out.Seconds
	out.TFLOPs = network.Operations / out.Seconds / 1e12
	out.Fraction = r.fraction(out.TFLOPs)
	out.Peak = r.memory.peak()
	r.result.Sampling = append(r.result.Sampling, out)
	guidance := "guided"
	if !guided {
		guidance = "without guidance"
	}
	r.say("sampling, batch %d, %d x %d pixels, %s: %.3g it/s (%s, %.0f %% of a matrix product's), compiled in %.3g s%s",
		batch, out.Pixels, out.Pixels, guidance, out.PerSecond, tflopsText(out.TFLOPs), 100*out.Fraction, max(0, first-one), peakText(out.Peak))
	return out, nil
}

// decode measures the decoder.
func (r *run) decode(drawer *stablediffusion.Drawer) error {
	latents := r.normal(rand.New(rand.NewPCG(1, 0)), 1, r.size.Latent, r.size.Latent, r.size.UNet.InChannels)
	r.memory.reset()
	once := func() error { _, err := drawer.Decode(latents); return err }
	start := time.Now()
	if err := once(); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	out := Decoding{Pixels: r.size.pixels(), Compile: time.Since(start).Seconds()}
	var err error
	if out.Seconds, err = r.repeat(once); err != nil {
		return err
	}
	out.Peak = r.memory.peak()
	r.result.Decoding = &out
	r.say("decoding an image: %.3g s, compiled in %.3g s%s", out.Seconds, max(0, out.Compile-out.Seconds), peakText(out.Peak))
	return nil
}

// normal is a batch of standard normal numbers.
func (r *run) normal(random *rand.Rand, dims ...int) stablediffusion.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	out := stablediffusion.Tensor{Dims: dims, Data: make([]float32, size)}
	normals(random, 1, out.Data)
	return out
}

func peakText(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf(", peak memory %.3g GiB", float64(bytes)/(1<<30))
}
