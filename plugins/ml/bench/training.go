package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/loss"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/stablediffusion"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// bytesPerWeight are those of the weight, its gradient and AdamW's two moments.
const bytesPerWeight = 16

// training measures steps of AdamW on all weights of the unet. On an accelerator
// the batch is doubled until it does not fit.
func (r *run) training(ctx context.Context) error {
	network, err := r.operations(1)
	if err != nil {
		return err
	}
	if r.size.Accelerator && !r.accelerated() {
		seconds := ""
		if n := len(r.result.Sampling); n > 0 {
			call := r.result.Sampling[n-1]
			seconds = fmt.Sprintf(", and at the speed of the call above a step on one image would take %.0f s", flops.TrainingFactor*network.Operations/call.TFLOPs/1e12)
		}
		r.leave("training: it needs an accelerator; weights, gradients and the moments of AdamW alone take %.3g GiB%s",
			float64(network.Parameters*bytesPerWeight)/(1<<30), seconds)
		return nil
	}
	batches := slices.Clone(r.size.Training)
	for i := 0; i < len(batches); i++ {
		err := r.train(ctx, batches[i])
		if exhausted(err) {
			r.say("training, batch %d: does not fit", batches[i])
			return nil
		}
		if err != nil {
			return err
		}
		if r.accelerated() && i == len(batches)-1 && batches[i] < 512 {
			batches = append(batches, 2*batches[i])
		}
	}
	return nil
}

// train measures one size of batch.
func (r *run) train(ctx context.Context, batch int) error {
	store, err := random(r.backend, r.size.UNet.Weights(r.backend).Needs)
	if err != nil {
		return err
	}
	defer store.Finalize()
	network, err := r.operations(batch)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(2, uint64(batch)))
	inputs := []stablediffusion.Tensor{ // latents, timesteps, embeddings, noise
		r.normal(random, batch, r.size.Latent, r.size.Latent, r.size.UNet.InChannels),
		{Dims: []int{batch}, Data: make([]float32, batch)},
		r.normal(random, batch, r.size.Tokens, r.size.UNet.CrossWidth),
		r.normal(random, batch, r.size.Latent, r.size.Latent, r.size.UNet.OutChannels),
	}
	for i := range inputs[1].Data {
		inputs[1].Data[i] = float32(random.IntN(r.size.Scheduler.Timesteps))
	}
	var times []time.Time
	loop := train.Loop{
		Backend: r.backend, Store: store, Images: batch,
		Optimizer: sdk.Optimizer{Steps: 1 << 20, LearningRate: 1e-5, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01, GradientClipNorm: 1},
		Batch: func(int) ([]any, error) {
			var all []any
			for _, input := range inputs {
				all = append(all, tensors.FromFlatDataAndDimensions(input.Data, input.Dims...))
			}
			return all, nil
		},
		Loss: func(in []*Node) (*Node, []*Node) {
			return ReduceAllMean(loss.Denoising(r.size.UNet.Build(nn.LoadedParams(store), in[0], in[1], in[2]), in[3])), nil
		},
	}
	r.memory.reset()
	start := time.Now()
	err = loop.Run(ctx, func(sdk.Progress) error {
		times = append(times, time.Now())
		if len(times) > 1 && time.Since(times[0]) > r.Budget {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		return fmt.Errorf("train at batch %d: %w", batch, err)
	}
	out := Training{What: "full unet, cached latents", Batch: batch, Pixels: r.size.pixels(), Compile: times[0].Sub(start).Seconds()}
	out.Seconds = times[len(times)-1].Sub(times[0]).Seconds() / float64(len(times)-1)
	out.Images = float64(batch) / out.Seconds
	out.TFLOPs = flops.TrainingFactor * network.Operations / out.Seconds / 1e12
	out.Fraction = r.fraction(out.TFLOPs)
	out.Peak = r.memory.peak()
	r.result.Training = append(r.result.Training, out)
	r.say("training the full unet, batch %d: %.3g s a step, %.3g images/s (%s, %.0f %% of a matrix product's), compiled in %.3g s%s",
		batch, out.Seconds, out.Images, tflopsText(out.TFLOPs), 100*out.Fraction, max(0, out.Compile-out.Seconds), peakText(out.Peak))
	return nil
}
