package latentdiffusion

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// mostOnDevice is the number of evaluations of the network up to which sampling
// stays on the device: all outputs are kept, 17 MB an image then.
const mostOnDevice = 256

// onDevice samples with one graph call per step; nothing is copied between steps.
// Each batch for the network is summed up on the device from the noise and the
// outputs so far (diffusion.Unrolled), which all stay there: at 512 x 512 pixels and
// 50 steps 3 MB an image.
type onDevice struct {
	begin, step, end *model.Exec
	in16             bool
}

func (m *Model) newOnDevice(backend compute.Backend) (*onDevice, error) {
	r := &onDevice{in16: m.in16}
	var err error
	compile := func(what string, exec **model.Exec, build func(in []*Node) []*Node) {
		if err == nil {
			if *exec, err = model.NewExec(backend, m.DenoiserStore, func(_ *model.Scope, in []*Node) []*Node { return build(in) }); err != nil {
				err = fmt.Errorf("build %s: %w", what, err)
			}
		}
	}
	compile("the start of sampling", &r.begin, func(in []*Node) []*Node { return []*Node{initState(in[0], in[1])} })
	compile("a step of sampling", &r.step, func(in []*Node) []*Node { return m.evaluate(in[0], in[1], in[2], in[3], in[4:]) })
	compile("the end of sampling", &r.end, func(in []*Node) []*Node { return []*Node{summed(in[0], in[1], in[2])} })
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *onDevice) close() {
	for _, exec := range []*model.Exec{r.begin, r.step, r.end} {
		if exec != nil {
			exec.Finalize()
		}
	}
}

// sample does what diffusion.Process.Sample does, in place, under packed conditions
// (Request.pack).
func (r *onDevice) sample(ctx context.Context, latents Tensor, u *diffusion.Unrolled, packed []*tensors.Tensor) error {
	evaluations := len(u.Timesteps)
	var factors []float32
	for _, row := range u.Factors {
		factors = append(factors, row...)
	}
	timesteps := make([]float32, evaluations)
	for i, t := range u.Timesteps {
		timesteps[i] = float32(t)
	}
	index := tensors.FromScalar(int32(0))
	factorsOnDevice := Tensor{[]int{evaluations + 1, evaluations + 1}, factors}.tensor()
	timestepsOnDevice := Tensor{[]int{evaluations}, timesteps}.tensor()
	noise := latents.tensor()
	defer free([]*tensors.Tensor{factorsOnDevice, timestepsOnDevice, noise})
	state, err := r.begin.Exec1(noise, factorsOnDevice)
	if err != nil {
		return fmt.Errorf("start sampling: %w", err)
	}
	defer func() { free([]*tensors.Tensor{index, state}) }()
	inputs := []any{nil, nil, factorsOnDevice, timestepsOnDevice}
	for _, tensor := range packed {
		inputs = append(inputs, tensor)
	}
	for _, t := range u.Timesteps {
		if err := ctx.Err(); err != nil {
			return err
		}
		inputs[0], inputs[1] = index, state
		outputs, err := r.step.Exec(inputs...)
		if err != nil {
			return fmt.Errorf("denoise at timestep %v: %w", t, err)
		}
		free([]*tensors.Tensor{index, state})
		index, state = outputs[0], outputs[1]
	}
	result, err := r.end.Exec1(index, state, factorsOnDevice)
	if err != nil {
		return fmt.Errorf("end sampling: %w", err)
	}
	defer result.MustFinalizeAll()
	copy(latents.Data, tensors.MustCopyFlatData[float32](result))
	if nn.FirstNonFinite(latents.Data) < 0 {
		return nil
	}
	// A NaN stays in all later sums; this is the output with the first one.
	outputs := tensors.MustCopyFlatData[float32](state)[len(latents.Data):]
	for i, t := range u.Timesteps {
		if err := checkFinite(outputs[i*len(latents.Data):(i+1)*len(latents.Data)], networkAt(t), r.in16); err != nil {
			return err
		}
	}
	return checkFinite(latents.Data, "The sum of the "+denoiserPart+"'s outputs", r.in16)
}

// initState is the noise with room for the outputs behind it: [batch, height,
// width, channels] -> [1 + outputs, batch, height, width, channels].
func initState(noise, factors *Node) *Node {
	dims := noise.Shape().Dimensions
	room := append([]int{factors.Shape().Dimensions[1] - 1}, dims...)
	return Concatenate([]*Node{ExpandAxes(noise, 0), Zeros(noise.Graph(), shapes.Make(noise.DType(), room...))}, 0)
}

// evaluate runs the network for the evaluation of an index, a scalar, and puts its
// output into the state. It returns the next index and the new state.
func (m *Model) evaluate(index, state, factors, timesteps *Node, packed []*Node) []*Node {
	rows := packed[0].Shape().Dimensions[0] // twice the batch with guidance
	at := oneHot(index, timesteps.Shape().Dimensions[0])
	timestep := BroadcastToDims(ReduceAllSum(Mul(timesteps, at)), rows)
	output := m.denoised(summed(index, state, factors), timestep, packed)
	next := AddScalar(index, 1)
	here := Reshape(equals(next, state.Shape().Dimensions[0]), -1, 1, 1, 1, 1)
	return []*Node{next, Where(BroadcastToShape(here, state.Shape()), BroadcastToShape(ExpandAxes(output, 0), state.Shape()), state)}
}

// summed is the sum of the state with the factors of a row. Neither sum is a matrix
// product, in which a GPU would round to 10 bits.
func summed(index, state, factors *Node) *Node {
	rows, columns := factors.Shape().Dimensions[0], factors.Shape().Dimensions[1]
	row := ReduceSum(Mul(factors, Reshape(oneHot(index, rows), rows, 1)), 0)
	return ReduceSum(Mul(state, Reshape(row, columns, 1, 1, 1, 1)), 0)
}

// oneHot is 1 at index and else 0: [size].
func oneHot(index *Node, size int) *Node { return ConvertDType(equals(index, size), dtypes.Float32) }

// equals compares 0 to size - 1 with index: [size] of booleans.
func equals(index *Node, size int) *Node {
	return Equal(Iota(index.Graph(), shapes.Make(index.DType(), size), 0), index)
}
