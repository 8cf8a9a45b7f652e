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
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/guidance"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Pipeline samples images from a model: its networks, compiled. It is for one
// goroutine.
type Pipeline struct {
	model    *Model
	denoise  *model.Exec
	decode   *model.Exec
	onDevice *onDevice // nil: the solver works on the host
}

// NewPipeline makes the pipeline of a model with its weights. A network is compiled
// anew for each size of batch and image.
func (m *Model) NewPipeline(backend compute.Backend) (*Pipeline, error) {
	p := &Pipeline{model: m}
	var err error
	p.denoise, err = model.NewExec(backend, m.DenoiserStore, func(_ *model.Scope, in []*Node) *Node {
		return m.denoised(in[0], in[1], in[2:])
	})
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", denoiserPart, err)
	}
	p.decode, err = model.NewExec(backend, m.VAEStore, func(_ *model.Scope, in []*Node) *Node {
		return m.VAE.Decode(nn.LoadedParams(m.VAEStore), in[0])
	})
	if err != nil {
		return nil, fmt.Errorf("build decoder: %w", err)
	}
	if backend.String() != backends.Go { // which computes on the host
		if p.onDevice, err = m.newOnDevice(backend); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// denoised is the network's output for latents [batch, height, width, channels] and
// what Request.pack gives: with guidance the conditions, and the timesteps, are of
// twice the batch.
func (m *Model) denoised(latents, timesteps *Node, packed []*Node) *Node {
	p := m.samplingParams()
	conditions := conditioning.Unpack(m.Denoiser.Conditions(), packed)
	if len(packed) == len(conditions) {
		return m.Denoiser.Build(p, latents, timesteps, conditions)
	}
	batch, scale := latents.Shape().Dimensions[0], packed[len(conditions)]
	output := m.Denoiser.Build(p, Concatenate([]*Node{latents, latents}, 0), timesteps, conditions)
	return guidance.Guide(Slice(output, AxisRange(0, batch)), Slice(output, AxisRange(batch)), scale)
}

// Close frees the compiled networks.
func (p *Pipeline) Close() {
	p.denoise.Finalize()
	p.decode.Finalize()
	if p.onDevice != nil {
		p.onDevice.close()
	}
}

// Tensor is a batch of numbers, row-major.
type Tensor struct {
	Dims []int
	Data []float32
}

// Request asks for images.
type Request struct {
	Conditions conditioning.Of[Tensor] // of the prompts, [batch, ...] each
	Negative   conditioning.Of[Tensor] // of the negative prompts, same shapes; used if Guidance is not 1
	Guidance   float64                 // guidance_scale, in the form u + scale (c - u)
	Solver     string                  // one of diffusion.SolverNames; "": the model's own
	Steps      int                     // num_inference_steps
	Eta        float64                 // of ddim
	// Normal draws the fresh noise of solvers that need it, for all latents.
	Normal func(out []float32)
}

// Sample turns latents, [batch, height, width, channels] of standard normal noise,
// into those of images, in place. Decode makes images of them.
func (p *Pipeline) Sample(ctx context.Context, latents Tensor, r Request) error {
	if err := p.check(latents, r); err != nil {
		return err
	}
	if r.Solver == "" {
		r.Solver = p.model.Scheduler.Solver()
	}
	packed := r.pack()
	defer free(packed)
	sampling := diffusion.Sampling{Solver: r.Solver, Steps: r.Steps, Eta: r.Eta}
	process, err := p.model.Scheduler.Process(r.Solver)
	if err != nil {
		return err
	}
	if p.onDevice != nil && !sampling.Fresh() {
		unrolled, err := process.Unroll(sampling)
		if err != nil {
			return err
		}
		if len(unrolled.Timesteps) <= mostOnDevice {
			return p.onDevice.sample(ctx, latents, unrolled, packed)
		}
	}
	return process.Sample(latents.Data, sampling, func(noisy []float32, timestep float64) ([]float32, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return p.predict(Tensor{latents.Dims, noisy}, timestep, packed)
	}, r.Normal)
}

// pack lists the network's inputs beside latents and timestep: the packed conditions
// of the prompts; with guidance those of the negative prompts followed by the
// prompts', and the scale. They are the same for all steps, and go to the device
// once.
func (r Request) pack() []*tensors.Tensor {
	var packed []*tensors.Tensor
	for _, name := range r.Conditions.Names() {
		if r.Guidance == 1 {
			packed = append(packed, r.Conditions[name].tensor())
		} else {
			packed = append(packed, joined(r.Negative[name], r.Conditions[name]).tensor())
		}
	}
	if r.Guidance != 1 {
		packed = append(packed, tensors.FromScalar(float32(r.Guidance)))
	}
	return packed
}

// check refuses sizes that do not belong together.
func (p *Pipeline) check(latents Tensor, r Request) error {
	if in, _ := p.model.Denoiser.LatentChannels(); len(latents.Dims) != 4 || latents.Dims[3] != in {
		return fmt.Errorf("latents are %v, want [batch, height, width, %d]", latents.Dims, in)
	}
	of, err := p.shapes("prompts", r.Conditions, latents.Dims[0])
	if err != nil || r.Guidance == 1 {
		return err
	}
	negative, err := p.shapes("negative prompts", r.Negative, latents.Dims[0])
	if err == nil && !conditioning.Equal(of, negative) {
		err = fmt.Errorf("conditions of negative prompts are %v, those of prompts %v", negative, of)
	}
	return err
}

// shapes are the dimensions for one image of a batch's conditions, if the network
// takes them.
func (p *Pipeline) shapes(whose string, conditions conditioning.Of[Tensor], batch int) (conditioning.Shapes, error) {
	shapes := conditioning.Shapes{}
	for name, tensor := range conditions {
		if len(tensor.Dims) == 0 || tensor.Dims[0] != batch {
			return nil, fmt.Errorf("%s of %s is %v for a batch of %d images", name, whose, tensor.Dims, batch)
		}
		shapes[name] = tensor.Dims[1:]
	}
	if want := p.model.Denoiser.Conditions(); !conditioning.Takes(want, shapes) {
		return nil, fmt.Errorf("conditions of %s are %v, want %v for each image, with any number for 0", whose, shapes, want)
	}
	return shapes, nil
}

// predict is the network's output under packed conditions (Request.pack).
func (p *Pipeline) predict(noisy Tensor, timestep float64, packed []*tensors.Tensor) ([]float32, error) {
	rows := packed[0].Shape().Dimensions[0] // twice the batch with guidance
	timesteps := Tensor{Dims: []int{rows}, Data: make([]float32, rows)}
	for i := range timesteps.Data {
		timesteps.Data[i] = float32(timestep)
	}
	output, err := call(p.denoise, []Tensor{noisy, timesteps}, packed...)
	if err != nil {
		return nil, fmt.Errorf("denoise at timestep %v: %w", timestep, err)
	}
	if err := checkFinite(output.Data, networkAt(timestep), p.model.in16); err != nil {
		return nil, err
	}
	return output.Data, nil
}

// networkAt names the network at a timestep, for messages.
func networkAt(timestep float64) string {
	return fmt.Sprintf("The %s at timestep %v", denoiserPart, timestep)
}

// Decode makes images of sampled latents: [batch, height, width, channels] ->
// [batch, height, width, colors], around [-1, 1]. It decodes one at a time, as a
// full-sized image takes gigabytes.
func (p *Pipeline) Decode(latents Tensor) (Tensor, error) {
	if len(latents.Dims) != 4 || latents.Dims[3] != p.model.VAE.LatentChannels {
		return Tensor{}, fmt.Errorf("latents are %v, want [batch, height, width, %d]", latents.Dims, p.model.VAE.LatentChannels)
	}
	images := Tensor{Dims: slices.Clone(latents.Dims)}
	one := append([]int{1}, latents.Dims[1:]...)
	for values := range slices.Chunk(latents.Data, latents.Dims[1]*latents.Dims[2]*latents.Dims[3]) {
		image, err := call(p.decode, []Tensor{{one, values}})
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

// Bytes converts the pixels of decoded images, clipped to [-1, 1], to bytes; halves
// are rounded to the even number.
func Bytes(pixels []float32) []byte {
	out := make([]byte, len(pixels))
	for i, v := range pixels {
		out[i] = byte(math.RoundToEven(255 * math.Max(0, math.Min(1, float64(v)/2+0.5))))
	}
	return out
}

// joined concatenates two batches.
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

// call executes a graph of one output. It frees the inputs, and not the kept ones,
// which come after them.
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
