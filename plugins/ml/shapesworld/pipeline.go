package shapesworld

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Pipeline samples images with a denoiser.
type Pipeline struct {
	config   DenoiserConfig
	process  diffusion.Process
	sampling diffusion.Sampling
	guided   bool
	predict  *model.Exec
	parts    int // that a batch is cut into, for a processor's cores
}

// SampleBatch is the number of images that are sampled together. Half of it, a part
// for one core, has a number of tokens that is a multiple of 6, the height of the
// pure-Go backend's matrix kernels: the rows of a remainder are summed in another
// order, so the last bits of an image would depend on its position in the batch.
const SampleBatch = 96

// NewPipeline compiles the denoiser with the weights in store. scale is that of
// classifier-free guidance (guidance.Guide); 1 means none.
func NewPipeline(backend compute.Backend, config DenoiserConfig, store *model.Store, sampling diffusion.Sampling, scale float64) (*Pipeline, error) {
	p := &Pipeline{
		config: config, process: config.Process(), sampling: sampling,
		guided: scale != 1, parts: backends.Parallel(backend),
	}
	if _, err := p.process.Evaluations(sampling); err != nil {
		return nil, err
	}
	var err error
	p.predict, err = model.NewExec(backend, store, func(_ *model.Scope, in []*Node) []*Node {
		weights := nn.LoadedParams(store)
		each := len(in) / p.parts
		var outputs []*Node
		for part := range slices.Chunk(in, each) {
			noisy, timesteps, text := part[0], part[1], part[2]
			output := config.Predict(weights, noisy, timesteps, text)
			if p.guided {
				output = guidance.Guide(config.Predict(weights, noisy, timesteps, part[3]), output, Scalar(output.Graph(), dtypes.Float32, scale))
			}
			outputs = append(outputs, output)
		}
		return outputs
	})
	if err != nil {
		return nil, fmt.Errorf("build denoiser: %w", err)
	}
	return p, nil
}

// Close frees the compiled network.
func (p *Pipeline) Close() { p.predict.Finalize() }

// Sample makes one image per draw. An image depends on its draw alone: its noise
// comes from its seed, and the batch is filled up to a fixed size.
func (p *Pipeline) Sample(ctx context.Context, draws []sdk.Draw, emit func(position int, image sdk.Image) error) error {
	for start := 0; start < len(draws); start += SampleBatch {
		part := draws[start:min(start+SampleBatch, len(draws))]
		images, err := p.sampleBatch(ctx, part)
		if err != nil {
			return err
		}
		for i, rgb := range images {
			if err := emit(start+i, sdk.Image{Width: Size, Height: Size, RGB: rgb}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Pipeline) sampleBatch(ctx context.Context, draws []sdk.Draw) ([][]byte, error) {
	width := p.config.TextWidth()
	conditional, unconditional := make([]float32, SampleBatch*width), make([]float32, SampleBatch*width)
	randoms := make([]*rand.Rand, len(draws))
	for i := range SampleBatch {
		prompt := ""
		if i < len(draws) {
			prompt = draws[i].Prompt.Text
			randoms[i] = rand.New(rand.NewPCG(draws[i].Seed, 0))
		}
		p.config.Text(prompt, conditional[i*width:(i+1)*width])
		p.config.Text("", unconditional[i*width:(i+1)*width])
	}
	normal := func(out []float32) { // the noise of each image from its own seed
		for i, random := range randoms {
			for j := range imageValues {
				out[i*imageValues+j] = float32(random.NormFloat64())
			}
		}
	}
	texts := [][]*tensors.Tensor{p.cut(conditional, width)}
	if p.guided {
		texts = append(texts, p.cut(unconditional, width))
	}
	defer func() { // they go to the device once
		for _, parts := range texts {
			release(parts)
		}
	}()
	latents := make([]float32, SampleBatch*imageValues)
	normal(latents)
	err := p.process.Sample(latents, p.sampling, func(noisy []float32, timestep float64) ([]float32, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return p.output(noisy, timestep, texts)
	}, normal)
	if err != nil {
		return nil, err
	}
	if nn.FirstNonFinite(latents[:len(draws)*imageValues]) >= 0 {
		return nil, sdk.Diagnostic{
			Severity: sdk.SeverityError,
			Summary:  "The sampler's image has NaN or infinite pixels",
			Detail:   "The sampler's weights may be damaged, or its training has diverged.",
		}
	}
	images := make([][]byte, len(draws))
	for i := range images {
		images[i] = FromPatches(latents[i*imageValues : (i+1)*imageValues])
	}
	return images, nil
}

// cut divides the rows of a batch into parts, one for each core of a processor.
func (p *Pipeline) cut(values []float32, dims ...int) []*tensors.Tensor {
	size := SampleBatch / p.parts
	each := len(values) / p.parts
	var parts []*tensors.Tensor
	for part := range p.parts {
		parts = append(parts, tensors.FromFlatDataAndDimensions(values[part*each:(part+1)*each], append([]int{size}, dims...)...))
	}
	return parts
}

func release(list []*tensors.Tensor) {
	for _, tensor := range list {
		tensor.MustFinalizeAll()
	}
}

// output runs the network, all parts of the batch in one call. texts are the
// prompts of every part, and with guidance the empty ones.
func (p *Pipeline) output(noisy []float32, timestep float64, texts [][]*tensors.Tensor) ([]float32, error) {
	timesteps := make([]float32, SampleBatch)
	for i := range timesteps {
		timesteps[i] = float32(timestep)
	}
	images, times := p.cut(noisy, patchnet.Grid*patchnet.Grid, patchnet.PatchValues), p.cut(timesteps)
	defer release(images)
	defer release(times)
	var inputs []any
	for part := range p.parts {
		inputs = append(inputs, images[part], times[part])
		for _, text := range texts {
			inputs = append(inputs, text[part])
		}
	}
	parts, err := p.predict.Exec(inputs...)
	if err != nil {
		return nil, fmt.Errorf("denoise at timestep %v: %w", timestep, err)
	}
	output := make([]float32, 0, len(noisy))
	for _, part := range parts {
		tensors.MustConstFlatData(part, func(flat []float32) { output = append(output, flat...) })
		part.MustFinalizeAll()
	}
	return output, nil
}
