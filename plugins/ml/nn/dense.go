package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Dense is y = x W + b over the last axis: [..., in] -> [..., out].
func Dense(p Params, x *Node, out int, initialize Initializer) *Node {
	y := Linear(p, x, out, initialize)
	bias := p.Weight(x.Graph(), "bias", ZerosInit, out)
	return Add(y, ExpandLeftToRank(bias, y.Rank()))
}

// Linear is y = x W over the last axis: [..., in] -> [..., out].
func Linear(p Params, x *Node, out int, initialize Initializer) *Node {
	g := x.Graph()
	dims := x.Shape().Dimensions
	in := dims[len(dims)-1]
	weight := p.Weight(g, "weight", initialize, in, out)
	rows := Reshape(x, -1, in) // [rows, in]: one large product
	y := MatMul(rows, weight)  // [rows, out]
	outDims := append(append([]int{}, dims[:len(dims)-1]...), out)
	return Reshape(y, outDims...)
}
