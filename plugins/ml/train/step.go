package train

import (
	"context"
	"fmt"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// steps executes the training steps of a loop: each in one graph, or, in parts,
// in a graph that adds up gradients and one that updates the weights.
type steps struct {
	loop    *Loop
	weights []*model.Variable // that are trained; known when the first graph is built
	first   *model.Exec       // a whole step, or a part of it
	update  *model.Exec       // nil if a step is whole
}

func (l *Loop) steps() (*steps, error) {
	s := &steps{loop: l}
	if l.Parts <= 1 {
		var err error
		s.first, err = model.NewExec(l.Backend, l.Store, func(_ *model.Scope, in []*Node) []*Node { return s.whole(in) })
		return s, err
	}
	var err error
	if s.first, err = model.NewExec(l.Backend, l.Store, func(_ *model.Scope, in []*Node) []*Node { return s.part(in) }); err != nil {
		return nil, err
	}
	if s.update, err = model.NewExec(l.Backend, l.Store, func(_ *model.Scope, in []*Node) []*Node { return s.updated(in) }); err != nil {
		s.first.Finalize()
		return nil, err
	}
	return s, nil
}

func (s *steps) close() {
	s.first.Finalize()
	if s.update != nil {
		s.update.Finalize()
	}
}

// run executes a step: the objective, the gradient's norm, and what Loss
// records.
func (s *steps) run(ctx context.Context, step int, rate float64) ([][]float32, error) {
	settings := []any{float32(rate), float32(step + 1)}
	if s.update == nil {
		batch, err := s.loop.Batch(step)
		if err != nil {
			return nil, err
		}
		return call(s.first, step, settings, batch)
	}
	var objective float32
	var values [][]float32
	for part := range s.loop.Parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch, err := s.loop.Part(step, part)
		if err != nil {
			return nil, err
		}
		keep := float32(1)
		if part == 0 {
			keep = 0
		}
		numbers, err := call(s.first, step, []any{keep}, batch)
		if err != nil {
			return nil, err
		}
		objective += numbers[0][0]
		values = append(values, numbers[1:]...)
	}
	norm, err := call(s.update, step, settings, nil)
	if err != nil {
		return nil, err
	}
	return append([][]float32{{objective}, norm[0]}, values...), nil
}

// call executes a graph, and frees its inputs and outputs.
func call(exec *model.Exec, step int, settings, batch []any) ([][]float32, error) {
	outputs, err := exec.Exec(append(settings, batch...)...)
	if err != nil {
		return nil, fmt.Errorf("training step %d: %w", step+1, err)
	}
	numbers := make([][]float32, len(outputs))
	for i, output := range outputs {
		numbers[i] = tensors.MustCopyFlatData[float32](output)
		output.MustFinalizeAll()
	}
	for _, input := range batch {
		if tensor, ok := input.(*tensors.Tensor); ok {
			tensor.MustFinalizeAll()
		}
	}
	return numbers, nil
}

// gradients builds the objective and its gradients for all weights that it
// depends on and that are trained.
func (s *steps) gradients(inputs []*Node) (objective *Node, gradients, values []*Node) {
	objective, values = s.loop.Loss(inputs)
	g := objective.Graph()
	s.weights = nil
	for v := range s.loop.Store.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) {
			s.weights = append(s.weights, v)
		}
	}
	// In the order of their names: sums must not depend on how the store was filled.
	slices.SortFunc(s.weights, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	nodes := make([]*Node, len(s.weights))
	for i, v := range s.weights {
		nodes[i] = v.NodeValue(g)
	}
	return objective, Gradient(objective, nodes...), values
}

// whole is one step: gradients, and the update of the weights.
func (s *steps) whole(inputs []*Node) []*Node {
	rate, step := inputs[0], inputs[1]
	objective, gradients, values := s.gradients(inputs[2:])
	norm := adamW(s.loop.Store, s.weights, gradients, s.loop.Optimizer, rate, step)
	return append([]*Node{objective, norm}, values...)
}

// part adds the gradients of a part to those of the parts before it. Its first
// input is 0 in the first part of a step, and else 1.
func (s *steps) part(inputs []*Node) []*Node {
	objective, gradients, values := s.gradients(inputs[1:])
	for i, v := range s.weights {
		sum := state(s.loop.Store, gradientScope, v, nil)
		sum.SetNodeValue(Add(Mul(sum.NodeValue(objective.Graph()), inputs[0]), gradients[i]))
	}
	return append([]*Node{objective}, values...)
}

// updated updates the weights by the gradients of all parts.
func (s *steps) updated(inputs []*Node) []*Node {
	gradients := make([]*Node, len(s.weights))
	for i, v := range s.weights {
		gradients[i] = state(s.loop.Store, gradientScope, v, nil).NodeValue(inputs[0].Graph())
	}
	return []*Node{adamW(s.loop.Store, s.weights, gradients, s.loop.Optimizer, inputs[0], inputs[1])}
}
