package stablediffusion

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
	"github.com/plumb-ml/plumb/plugins/ml/finite"
)

// mostResident is the number of steps up to which drawing needs no host: all the
// outputs are kept, 17 MB an image then.
const mostResident = 256

// resident draws without the host: between the first noise and the last latents
// nothing is sent to the device or fetched. What the network is asked is summed up
// there from the noise and its outputs so far, which all stay there: at 512 x 512
// pixels and 50 steps 3 MB an image.
type resident struct {
	begin, step, end *model.Exec
	in16             bool
}

func (m *Model) newResident(backend compute.Backend) (*resident, error) {
	r := &resident{in16: m.in16}
	var err error
	prepare := func(what string, exec **model.Exec, build func(in []*Node) []*Node) {
		if err == nil {
			if *exec, err = model.NewExec(backend, m.UNetStore, func(_ *model.Scope, in []*Node) []*Node { return build(in) }); err != nil {
				err = fmt.Errorf("build %s: %w", what, err)
			}
		}
	}
	prepare("the begin of drawing", &r.begin, func(in []*Node) []*Node { return []*Node{begun(in[0], in[1])} })
	prepare("a step of drawing", &r.step, func(in []*Node) []*Node { return m.stepped(in[0], in[1], in[2], in[3], in[4:]) })
	prepare("the end of drawing", &r.end, func(in []*Node) []*Node { return []*Node{summed(in[0], in[1], in[2])} })
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *resident) close() {
	for _, exec := range []*model.Exec{r.begin, r.step, r.end} {
		if exec != nil {
			exec.Finalize()
		}
	}
}

// draw does what diffusion.Sample does, in place.
func (r *resident) draw(ctx context.Context, latents Tensor, u *diffusion.Unrolled, given []*tensors.Tensor) error {
	questions := len(u.Timesteps)
	var factors []float32
	for _, row := range u.Factors {
		factors = append(factors, row...)
	}
	timesteps := make([]float32, questions)
	for i, t := range u.Timesteps {
		timesteps[i] = float32(t)
	}
	place := tensors.FromScalar(int32(0))
	factorsThere := Tensor{[]int{questions + 1, questions + 1}, factors}.tensor()
	timestepsThere := Tensor{[]int{questions}, timesteps}.tensor()
	noise := latents.tensor()
	defer free([]*tensors.Tensor{factorsThere, timestepsThere, noise})
	known, err := r.begin.Exec1(noise, factorsThere)
	if err != nil {
		return fmt.Errorf("begin to draw: %w", err)
	}
	defer func() { free([]*tensors.Tensor{place, known}) }()
	inputs := []any{nil, nil, factorsThere, timestepsThere}
	for _, tensor := range given {
		inputs = append(inputs, tensor)
	}
	for _, t := range u.Timesteps {
		if err := ctx.Err(); err != nil {
			return err
		}
		inputs[0], inputs[1] = place, known
		outputs, err := r.step.Exec(inputs...)
		if err != nil {
			return fmt.Errorf("denoise at timestep %v: %w", t, err)
		}
		free([]*tensors.Tensor{place, known})
		place, known = outputs[0], outputs[1]
	}
	result, err := r.end.Exec1(place, known, factorsThere)
	if err != nil {
		return fmt.Errorf("end drawing: %w", err)
	}
	defer result.MustFinalizeAll()
	copy(latents.Data, tensors.MustCopyFlatData[float32](result))
	if finite.Not(latents.Data) < 0 {
		return nil
	}
	// A number that is none stays in all sums after it; which output had the first?
	outputs := tensors.MustCopyFlatData[float32](known)[len(latents.Data):]
	for i, t := range u.Timesteps {
		if err := checkFinite(outputs[i*len(latents.Data):(i+1)*len(latents.Data)], unetAt(t), r.in16); err != nil {
			return err
		}
	}
	return checkFinite(latents.Data, "The sum of what the unet gave", r.in16)
}

// begun makes room for the outputs behind the noise: [batch, height, width,
// channels] -> [1 + outputs, batch, height, width, channels].
func begun(noise, factors *Node) *Node {
	dims := noise.Shape().Dimensions
	room := append([]int{factors.Shape().Dimensions[1] - 1}, dims...)
	return Concatenate([]*Node{ExpandAxes(noise, 0), Zeros(noise.Graph(), shapes.Make(noise.DType(), room...))}, 0)
}

// stepped asks the network the question at place, a scalar, and puts the output
// behind what is known. It gives the next place and what is known then.
func (m *Model) stepped(place, known, factors, timesteps *Node, given []*Node) []*Node {
	asked := given[0].Shape().Dimensions[0]
	at := oneHot(place, timesteps.Shape().Dimensions[0])
	timestep := BroadcastToDims(ReduceAllSum(Mul(timesteps, at)), asked)
	output := m.denoised(summed(place, known, factors), timestep, given)
	next := AddScalar(place, 1)
	there := Reshape(is(next, known.Shape().Dimensions[0]), -1, 1, 1, 1, 1)
	return []*Node{next, Where(BroadcastToShape(there, known.Shape()), BroadcastToShape(ExpandAxes(output, 0), known.Shape()), known)}
}

// summed is what is known, summed up with the factors of a row. Neither is a matrix
// product: in that, a GPU would round to 10 bits.
func summed(place, known, factors *Node) *Node {
	rows, columns := factors.Shape().Dimensions[0], factors.Shape().Dimensions[1]
	row := ReduceSum(Mul(factors, Reshape(oneHot(place, rows), rows, 1)), 0)
	return ReduceSum(Mul(known, Reshape(row, columns, 1, 1, 1, 1)), 0)
}

// oneHot is 1 at place and else 0: [size].
func oneHot(place *Node, size int) *Node { return ConvertDType(is(place, size), dtypes.Float32) }

// is says of every place whether it is this one: [size].
func is(place *Node, size int) *Node {
	return Equal(Iota(place.Graph(), shapes.Make(place.DType(), size), 0), place)
}
