// Package flops counts the arithmetic of a network before anything is computed:
// what a plan needs to say how long a stage will take, and a benchmark to say
// how much of a device's speed it uses.
//
// It counts matrix products and convolutions, two operations for a multiply and
// add, of the graph as it is built. It refuses to count gradients, and what is
// element by element: on an accelerator that is bound by memory, not arithmetic.
package flops

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Network is what one forward pass takes.
type Network struct {
	Operations float64 // floating-point operations
	Parameters int64   // numbers among the weights that it uses
}

// TrainingFactor is how many times a forward pass a training step takes: the
// backward pass has two products for each of the forward one (Kaplan et al.
// 2020, section 2.1). With gradient checkpointing the forward pass is done once
// more.
const TrainingFactor = 3

// Input makes an input of the network: a parameter of the graph.
type Input func(name string, dtype dtypes.DType, dims ...int) *Node

// Count builds a network in a graph that nobody executes, with stand-ins for
// weights that take no memory, and counts. The pure-Go backend is the one to
// give: there a convolution is a matrix product.
func Count(backend compute.Backend, build func(p nn.Params, input Input)) Network {
	g := NewGraph(backend, "count")
	defer g.Finalize()
	var n Network
	for _, weight := range nn.List(func(p nn.Params) {
		build(p, func(name string, dtype dtypes.DType, dims ...int) *Node {
			return Parameter(g, name, shapes.Make(dtype, dims...))
		})
	}) {
		size := int64(1)
		for _, d := range weight.Dims {
			size *= int64(d)
		}
		n.Parameters += size
	}
	for _, node := range g.Nodes() {
		n.Operations += of(node)
	}
	return n
}

// of counts one node.
func of(node *Node) float64 {
	inputs := node.Inputs()
	switch node.Type() {
	case NodeTypeDotGeneral:
		// Products contract one axis here. With b axes of batch, the ranks are
		// out = left + right - b - 2.
		left, right, out := inputs[0].Shape(), inputs[1].Shape(), node.Shape()
		batch := 1
		for _, d := range out.Dimensions[:left.Rank()+right.Rank()-2-out.Rank()] {
			batch *= d
		}
		// [batch, m, k] x [batch, k, n] -> [batch, m, n]
		squared := float64(left.Size()) * float64(right.Size()) / (float64(out.Size()) * float64(batch)) // k^2
		if squared <= 1 {
			return 0 // the pure-Go backend's way to copy a bias to all rows
		}
		return 2 * float64(out.Size()) * math.Sqrt(squared)
	case NodeTypeConvGeneral:
		kernel := inputs[1].Shape()
		taps := kernel.Size() / kernel.Dimensions[kernel.Rank()-1] // [size, size, in, out]
		return 2 * float64(node.Shape().Size()) * float64(taps)
	case NodeTypeFusedDense:
		width := inputs[0].Shape().Dimensions[inputs[0].Rank()-1]
		return 2 * float64(node.Shape().Size()) * float64(width)
	}
	return 0
}
