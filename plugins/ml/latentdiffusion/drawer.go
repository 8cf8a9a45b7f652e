package latentdiffusion

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Drawer is a model with its networks compiled. It is for one goroutine.
type Drawer struct {
	model    *Model
	unet     *model.Exec
	decode   *model.Exec
	onDevice *onDevice // nil: the solver works on the host
}

// NewDrawer prepares drawing. A network is compiled anew for each size of batch
// and image.
func (m *Model) NewDrawer(backend compute.Backend) (*Drawer, error) {
	d := &Drawer{model: m}
	var err error
	d.unet, err = model.NewExec(backend, m.UNetStore, func(_ *model.Scope, in []*Node) *Node {
		return m.denoised(in[0], in[1], in[2:])
	})
	if err != nil {
		return nil, fmt.Errorf("build unet: %w", err)
	}
	d.decode, err = model.NewExec(backend, m.VAEStore, func(_ *model.Scope, in []*Node) *Node {
		return m.VAE.Decode(nn.LoadedParams(m.VAEStore), in[0])
	})
	if err != nil {
		return nil, fmt.Errorf("build decoder: %w", err)
	}
	if backend.String() != plumbcompute.Go { // which computes on the host
		if d.onDevice, err = m.newOnDevice(backend); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// denoised is the network's output under the conditions given, guided if they say
// so: latents [batch, height, width, channels], timesteps of every context.
func (m *Model) denoised(latents, timesteps *Node, given []*Node) *Node {
	p := m.denoising()
	if len(given) == 1 {
		return m.UNet.Build(p, latents, timesteps, given[0])
	}
	batch := latents.Shape().Dimensions[0]
	output := m.UNet.Build(p, Concatenate([]*Node{latents, latents}, 0), timesteps, given[0])
	return guidance.Guide(Slice(output, AxisRange(0, batch)), Slice(output, AxisRange(batch)), given[1])
}

// Close frees the compiled networks.
func (d *Drawer) Close() {
	d.unet.Finalize()
	d.decode.Finalize()
	if d.onDevice != nil {
		d.onDevice.close()
	}
}

// Tensor is a batch of numbers, row-major.
type Tensor struct {
	Dims []int
	Data []float32
}

// Request asks for images.
type Request struct {
	Prompts  Tensor  // embeddings, [batch, tokens, width]
	Negative Tensor  // negative-prompt embeddings, same shape; used if Guidance is not 1
	Guidance float64 // guidance_scale, in the form u + scale (c - u)
	Solver   string  // one of diffusion.SolverNames; "": the model's own
	Steps    int     // num_inference_steps
	Eta      float64 // of ddim
	// Normal draws the fresh noise of solvers that need it, for all latents.
	Normal func(out []float32)
}

// Draw turns latents, [batch, height, width, channels] of standard normal noise,
// into those of images, in place. Decode makes images of them.
func (d *Drawer) Draw(ctx context.Context, latents Tensor, r Request) error {
	if err := d.check(latents, r); err != nil {
		return err
	}
	if r.Solver == "" {
		r.Solver = d.model.Scheduler.Solver()
	}
	given := r.conditions()
	defer free(given)
	sampling := diffusion.Sampling{Solver: r.Solver, Steps: r.Steps, Eta: r.Eta}
	process, err := d.model.Scheduler.Process(r.Solver)
	if err != nil {
		return err
	}
	if d.onDevice != nil && !sampling.Fresh() {
		unrolled, err := process.Unroll(sampling)
		if err != nil {
			return err
		}
		if len(unrolled.Timesteps) <= mostOnDevice {
			return d.onDevice.draw(ctx, latents, unrolled, given)
		}
	}
	return process.Sample(latents.Data, sampling, func(noisy []float32, timestep float64) ([]float32, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return d.predict(Tensor{latents.Dims, noisy}, timestep, given)
	}, r.Normal)
}

// conditions are the network's inputs beside latents and timestep: the prompts'
// embeddings, or with guidance the negative ones followed by the prompts', and the
// scale. They are the same for all steps, and go to the device once.
func (r Request) conditions() []*tensors.Tensor {
	if r.Guidance == 1 {
		return []*tensors.Tensor{r.Prompts.tensor()}
	}
	return []*tensors.Tensor{joined(r.Negative, r.Prompts).tensor(), tensors.FromScalar(float32(r.Guidance))}
}

// check refuses sizes that do not belong together.
func (d *Drawer) check(latents Tensor, r Request) error {
	if len(latents.Dims) != 4 || latents.Dims[3] != d.model.UNet.InChannels {
		return fmt.Errorf("latents are %v, want [batch, height, width, %d]", latents.Dims, d.model.UNet.InChannels)
	}
	contexts := map[string]Tensor{"prompts": r.Prompts}
	if r.Guidance != 1 {
		contexts["negative prompts"] = r.Negative
	}
	for name, context := range contexts {
		if len(context.Dims) != 3 || context.Dims[0] != latents.Dims[0] || context.Dims[2] != d.model.UNet.CrossWidth {
			return fmt.Errorf("embeddings of %s are %v, want [%d, tokens, %d]", name, context.Dims, latents.Dims[0], d.model.UNet.CrossWidth)
		}
		if context.Dims[1] != r.Prompts.Dims[1] {
			return fmt.Errorf("embeddings of %s have %d tokens, those of prompts %d", name, context.Dims[1], r.Prompts.Dims[1])
		}
	}
	return nil
}

// predict is the network's output under the conditions given, guided if they say
// so.
func (d *Drawer) predict(noisy Tensor, timestep float64, given []*tensors.Tensor) ([]float32, error) {
	rows := given[0].Shape().Dimensions[0] // twice the batch with guidance
	timesteps := Tensor{Dims: []int{rows}, Data: make([]float32, rows)}
	for i := range timesteps.Data {
		timesteps.Data[i] = float32(timestep)
	}
	output, err := call(d.unet, []Tensor{noisy, timesteps}, given...)
	if err != nil {
		return nil, fmt.Errorf("denoise at timestep %v: %w", timestep, err)
	}
	if err := checkFinite(output.Data, unetAt(timestep), d.model.in16); err != nil {
		return nil, err
	}
	return output.Data, nil
}

// unetAt is the network at a timestep, for messages.
func unetAt(timestep float64) string { return fmt.Sprintf("The unet at timestep %v", timestep) }

// Decode makes images of latents that were drawn: [batch, height, width,
// colors], around [-1, 1]. One is decoded at a time: at full size that takes
// gigabytes.
func (d *Drawer) Decode(latents Tensor) (Tensor, error) {
	if len(latents.Dims) != 4 || latents.Dims[3] != d.model.VAE.LatentChannels {
		return Tensor{}, fmt.Errorf("latents are %v, want [batch, height, width, %d]", latents.Dims, d.model.VAE.LatentChannels)
	}
	images := Tensor{Dims: slices.Clone(latents.Dims)}
	one := append([]int{1}, latents.Dims[1:]...)
	for values := range slices.Chunk(latents.Data, latents.Dims[1]*latents.Dims[2]*latents.Dims[3]) {
		image, err := call(d.decode, []Tensor{{one, values}})
		if err != nil {
			return Tensor{}, fmt.Errorf("decode: %w", err)
		}
		if err := checkFinite(image.Data, "The decoder of the vae", false); err != nil {
			return Tensor{}, err
		}
		copy(images.Dims[1:], image.Dims[1:])
		images.Data = append(images.Data, image.Data...)
	}
	return images, nil
}

// Bytes are pixels of decoded images, cut to [-1, 1], as bytes; halves are
// rounded to the even number.
func Bytes(pixels []float32) []byte {
	out := make([]byte, len(pixels))
	for i, v := range pixels {
		out[i] = byte(math.RoundToEven(255 * math.Max(0, math.Min(1, float64(v)/2+0.5))))
	}
	return out
}

// joined lays batches one after the other.
func joined(a, b Tensor) Tensor {
	dims := slices.Clone(a.Dims)
	dims[0] += b.Dims[0]
	return Tensor{Dims: dims, Data: slices.Concat(a.Data, b.Data)}
}

func (t Tensor) tensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(t.Data, t.Dims...)
}

func free(list []*tensors.Tensor) {
	for _, tensor := range list {
		tensor.MustFinalizeAll()
	}
}

// call executes a graph of one output. It frees the inputs, and not those that are
// kept, which come after them.
func call(exec *model.Exec, inputs []Tensor, kept ...*tensors.Tensor) (Tensor, error) {
	var args []any
	for _, input := range inputs {
		tensor := input.tensor()
		defer tensor.MustFinalizeAll()
		args = append(args, tensor)
	}
	for _, tensor := range kept {
		args = append(args, tensor)
	}
	outputs, err := exec.Exec(args...)
	if err != nil {
		return Tensor{}, err
	}
	defer outputs[0].MustFinalizeAll()
	return Tensor{slices.Clone(outputs[0].Shape().Dimensions), tensors.MustCopyFlatData[float32](outputs[0])}, nil
}
