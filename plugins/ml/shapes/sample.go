package shapes

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/finite"
	"github.com/plumb-ml/plumb/plugins/ml/models/patchnet"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Drawer draws images with a denoiser.
type Drawer struct {
	config   DenoiserConfig
	schedule diffusion.Schedule
	solver   diffusion.Solver
	steps    int
	guidance float64
	predict  *model.Exec
	parts    int
}

// DrawBatch is the number of images that are drawn together. Cut in two, its
// parts have a number of tokens that the pure-Go backend's matrix kernels, six
// rows high, go through without a rest: rows of a rest are summed in another
// order, and the same draw would differ in its last bits by its place.
const DrawBatch = 96

// NewDrawer prepares drawing with the weights in store. guidance is the
// classifier-free guidance scale w (Ho and Salimans 2022, in the form
// u + w (c - u)); 1 means none.
func NewDrawer(backend compute.Backend, config DenoiserConfig, store *model.Store, solver string, steps int, guidance float64) (*Drawer, error) {
	solve, err := diffusion.SolverNamed(solver)
	if err != nil {
		return nil, err
	}
	d := &Drawer{
		config: config, schedule: config.NoiseSchedule(), solver: solve,
		steps: steps, guidance: guidance, parts: plumbcompute.Parallel(backend),
	}
	d.predict, err = model.NewExec(backend, store, func(_ *model.Scope, inputs []*Node) []*Node {
		p := nn.LoadedParams(store)
		var outputs []*Node
		for i := 0; i < len(inputs); i += 3 {
			outputs = append(outputs, config.Predict(p, inputs[i], inputs[i+1], inputs[i+2]))
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
	latents := make([]float32, DrawBatch*imageValues)
	width := d.config.TextWidth()
	conditional, unconditional := make([]float32, DrawBatch*width), make([]float32, DrawBatch*width)
	for i := range DrawBatch {
		prompt := ""
		if i < len(draws) {
			prompt = draws[i].Prompt.Text
			random := rand.New(rand.NewPCG(draws[i].Seed, 0))
			for j := range imageValues {
				latents[i*imageValues+j] = float32(random.NormFloat64())
			}
		}
		d.config.Text(prompt, conditional[i*width:(i+1)*width])
		d.config.Text("", unconditional[i*width:(i+1)*width])
	}
	branches := [][]*tensors.Tensor{d.cut(conditional, width)}
	if d.guidance != 1 {
		branches = append(branches, d.cut(unconditional, width))
	}
	defer func() { // they go to the device once
		for _, parts := range branches {
			release(parts)
		}
	}()
	clean, noise := make([]float32, len(latents)), make([]float32, len(latents))
	err := d.solver(d.schedule, d.steps, latents, func(noisy []float32, timestep int) ([]float32, []float32, error) {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		predictions, err := d.velocity(noisy, timestep, branches)
		if err != nil {
			return nil, nil, err
		}
		alpha, sigma := float32(d.schedule.Alpha(timestep)), float32(d.schedule.Sigma(timestep))
		for i, x := range noisy {
			v := predictions[0][i]
			if len(predictions) > 1 {
				v = predictions[1][i] + float32(d.guidance)*(v-predictions[1][i])
			}
			// x = alpha clean + sigma noise and v = alpha noise - sigma clean, solved.
			// Pixels lie in [-1, 1]; an estimate outside is cut (Ho et al. 2020).
			c := max(-1, min(1, alpha*x-sigma*v))
			clean[i] = c
			noise[i] = (x - alpha*c) / sigma
		}
		return clean, noise, nil
	})
	if err != nil {
		return nil, err
	}
	if finite.Not(latents[:len(draws)*imageValues]) >= 0 {
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

// velocity runs the network once for each branch of guidance, all in one call. A
// branch is the texts of every part.
func (d *Drawer) velocity(noisy []float32, timestep int, branches [][]*tensors.Tensor) ([][]float32, error) {
	timesteps := make([]float32, DrawBatch)
	for i := range timesteps {
		timesteps[i] = float32(timestep)
	}
	images, times := d.cut(noisy, patchnet.Grid*patchnet.Grid, patchnet.PatchValues), d.cut(timesteps)
	defer release(images)
	defer release(times)
	var inputs []any
	for _, texts := range branches {
		for part, text := range texts {
			inputs = append(inputs, images[part], times[part], text)
		}
	}
	outputs, err := d.predict.Exec(inputs...)
	if err != nil {
		return nil, fmt.Errorf("denoise at timestep %d: %w", timestep, err)
	}
	predictions := make([][]float32, len(branches))
	for i, output := range outputs {
		tensors.MustConstFlatData(output, func(flat []float32) {
			predictions[i/d.parts] = append(predictions[i/d.parts], flat...)
		})
		output.MustFinalizeAll()
	}
	return predictions, nil
}
