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
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Drawer draws images with a denoiser.
type Drawer struct {
	config   DenoiserConfig
	process  diffusion.Process
	sampling diffusion.Sampling
	guided   bool
	predict  *model.Exec
	parts    int // that a batch is cut into, for a processor's cores
}

// DrawBatch is the number of images that are drawn together. Cut in two, its
// parts have a number of tokens that the pure-Go backend's matrix kernels, six
// rows high, go through without a rest: rows of a rest are summed in another
// order, and the same draw would differ in its last bits by its place.
const DrawBatch = 96

// NewDrawer prepares drawing with the weights in store. scale is that of
// classifier-free guidance (guidance.Guide); 1 means none.
func NewDrawer(backend compute.Backend, config DenoiserConfig, store *model.Store, sampling diffusion.Sampling, scale float64) (*Drawer, error) {
	d := &Drawer{
		config: config, process: config.Process(), sampling: sampling,
		guided: scale != 1, parts: plumbcompute.Parallel(backend),
	}
	if _, err := d.process.Evaluations(sampling); err != nil {
		return nil, err
	}
	var err error
	d.predict, err = model.NewExec(backend, store, func(_ *model.Scope, in []*Node) []*Node {
		p := nn.LoadedParams(store)
		each := len(in) / d.parts
		var outputs []*Node
		for part := range slices.Chunk(in, each) {
			noisy, timesteps, text := part[0], part[1], part[2]
			output := config.Predict(p, noisy, timesteps, text)
			if d.guided {
				output = guidance.Guide(config.Predict(p, noisy, timesteps, part[3]), output, Scalar(output.Graph(), dtypes.Float32, scale))
			}
			outputs = append(outputs, output)
		}
		return outputs
	})
	if err != nil {
		return nil, fmt.Errorf("build denoiser: %w", err)
	}
	return d, nil
}

// Close frees the compiled network.
func (d *Drawer) Close() { d.predict.Finalize() }

// Draw draws one image per draw. An image depends on its draw alone: its noise
// is drawn from its seed, and the batch is filled up to a fixed size.
func (d *Drawer) Draw(ctx context.Context, draws []sdk.Draw, emit func(position int, image sdk.Image) error) error {
	for start := 0; start < len(draws); start += DrawBatch {
		part := draws[start:min(start+DrawBatch, len(draws))]
		images, err := d.drawBatch(ctx, part)
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

func (d *Drawer) drawBatch(ctx context.Context, draws []sdk.Draw) ([][]byte, error) {
	width := d.config.TextWidth()
	conditional, unconditional := make([]float32, DrawBatch*width), make([]float32, DrawBatch*width)
	randoms := make([]*rand.Rand, len(draws))
	for i := range DrawBatch {
		prompt := ""
		if i < len(draws) {
			prompt = draws[i].Prompt.Text
			randoms[i] = rand.New(rand.NewPCG(draws[i].Seed, 0))
		}
		d.config.Text(prompt, conditional[i*width:(i+1)*width])
		d.config.Text("", unconditional[i*width:(i+1)*width])
	}
	normal := func(out []float32) { // the noise of each image from its own seed
		for i, random := range randoms {
			for j := range imageValues {
				out[i*imageValues+j] = float32(random.NormFloat64())
			}
		}
	}
	texts := [][]*tensors.Tensor{d.cut(conditional, width)}
	if d.guided {
		texts = append(texts, d.cut(unconditional, width))
	}
	defer func() { // they go to the device once
		for _, parts := range texts {
			release(parts)
		}
	}()
	latents := make([]float32, DrawBatch*imageValues)
	normal(latents)
	err := d.process.Sample(latents, d.sampling, func(noisy []float32, timestep float64) ([]float32, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return d.output(noisy, timestep, texts)
	}, normal)
	if err != nil {
		return nil, err
	}
	if nn.FirstNonFinite(latents[:len(draws)*imageValues]) >= 0 {
		return nil, sdk.Diagnostic{
			Severity: sdk.SeverityError,
			Summary:  "The sampler drew something that is not a picture",
			Detail:   "Pixels are no numbers. Its weights may be damaged, or its training has diverged.",
		}
	}
	images := make([][]byte, len(draws))
	for i := range images {
		images[i] = FromPatches(latents[i*imageValues : (i+1)*imageValues])
	}
	return images, nil
}

// cut cuts the rows of a batch into parts that a processor's cores work on side by
// side.
func (d *Drawer) cut(values []float32, dims ...int) []*tensors.Tensor {
	size := DrawBatch / d.parts
	each := len(values) / d.parts
	var parts []*tensors.Tensor
	for part := range d.parts {
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
func (d *Drawer) output(noisy []float32, timestep float64, texts [][]*tensors.Tensor) ([]float32, error) {
	timesteps := make([]float32, DrawBatch)
	for i := range timesteps {
		timesteps[i] = float32(timestep)
	}
	images, times := d.cut(noisy, patchnet.Grid*patchnet.Grid, patchnet.PatchValues), d.cut(timesteps)
	defer release(images)
	defer release(times)
	var inputs []any
	for part := range d.parts {
		inputs = append(inputs, images[part], times[part])
		for _, text := range texts {
			inputs = append(inputs, text[part])
		}
	}
	parts, err := d.predict.Exec(inputs...)
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
