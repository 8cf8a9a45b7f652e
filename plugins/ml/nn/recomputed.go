package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Recomputing is the same tree, where the inside of a block that Recomputed
// builds is not kept for its gradients but computed a second time (Chen et al.
// 2016): less memory, a third more work.
func (p Params) Recomputing() Params {
	p.recompute = true
	return p
}

// Recomputed is build(p, inputs). Where p is Recomputing, nothing of it but
// inputs and result outlives the forward pass: when the gradient of the result
// is known, the block is built again behind a barrier and differentiated.
// build must depend on its arguments alone.
//
// GoMLX's Node.Checkpoint clones nodes, and so cannot see what our own gradients
// (given) hold on to; and the pure-Go backend lacks the barrier that it needs.
func Recomputed(p Params, inputs []*Node, build func(p Params, inputs []*Node) *Node) *Node {
	if !p.recompute {
		return build(p, inputs)
	}
	p.recompute = false
	b := &block{p: p, inputs: inputs, build: build, weights: map[string]*Node{}}
	outside := make([]*Node, len(inputs))
	for i, x := range inputs {
		outside[i] = IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return b.ofInput(i) })
	}
	p.through = func(v *model.Variable, w *Node) *Node {
		if !v.Trainable {
			return w
		}
		path := v.Path()
		if _, ok := b.weights[path]; !ok {
			b.order = append(b.order, path)
			b.weights[path] = w
		}
		return IdentityWithCustomGradient(w, func(_, _ *Node) *Node { return b.ofWeight(path) })
	}
	// The gradients that GoMLX works out for what is built here are used by
	// nothing, and so are not computed (see given).
	return IdentityWithCustomGradient(build(p, outside), func(_, v *Node) *Node {
		b.ofResult = v
		return v
	})
}

// block is a part of a network that is built twice.
type block struct {
	p       Params
	inputs  []*Node
	build   func(p Params, inputs []*Node) *Node
	weights map[string]*Node // that are trained, by path
	order   []string         // of their paths

	ofResult  *Node            // the gradient of the result
	ofInputs  []*Node          // gradients, once they are built
	ofWeights map[string]*Node // likewise
}

func (b *block) ofInput(i int) *Node {
	b.differentiate()
	return b.ofInputs[i]
}

func (b *block) ofWeight(path string) *Node {
	b.differentiate()
	return b.ofWeights[path]
}

// differentiate builds the block a second time, to begin when the gradient of
// its result is there, and its gradients.
func (b *block) differentiate() {
	if b.ofInputs != nil {
		return
	}
	again := make([]*Node, len(b.inputs))
	for i, x := range b.inputs {
		again[i] = SchedulingBarrier(x, b.ofResult)
	}
	weights := map[string]*Node{}
	p := b.p
	p.through = func(v *model.Variable, w *Node) *Node {
		if _, trained := b.weights[v.Path()]; !trained {
			return w
		}
		if weights[v.Path()] == nil {
			weights[v.Path()] = Identity(w)
		}
		return weights[v.Path()]
	}
	result := b.build(p, again)
	all := again
	for _, path := range b.order {
		all = append(all, weights[path])
	}
	gradients := Gradient(ReduceAllSum(Mul(result, StopGradient(b.ofResult))), all...)
	b.ofInputs, b.ofWeights = gradients[:len(b.inputs)], map[string]*Node{}
	for i, path := range b.order {
		b.ofWeights[path] = gradients[len(b.inputs)+i]
	}
}
