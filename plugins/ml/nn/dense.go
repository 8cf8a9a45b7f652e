package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Dense is y = x W + b over the last axis: [..., in] -> [..., out].
func Dense(p Params, x *Node, out int, initialize Initializer) *Node {
	y := Linear(p, x, out, initialize)
	bias := p.Weight(x.Graph(), "bias", ZerosInit, out)
	return addBias(y, bias)
}

// addBias is y + b over the last axis: [..., out].
func addBias(y, bias *Node) *Node {
	out := bias.Shape().Dimensions[0]
	rows := Reshape(y, 1, -1, out)
	return Reshape(Add(rows, spread(Reshape(bias, 1, out), rows.Shape().Dimensions[1])), y.Shape().Dimensions...)
}

// Linear is y = x W over the last axis: [..., in] -> [..., out].
func Linear(p Params, x *Node, out int, initialize Initializer) *Node {
	g := x.Graph()
	dims := x.Shape().Dimensions
	in := dims[len(dims)-1]
	weight := p.Weight(g, "weight", initialize, in, out)
	rows := Reshape(x, -1, in) // [rows, in]: one large product
	y := product(rows, weight) // [rows, out]
	if more := p.adapted(rows, func(rows, weight *Node, _ bool) *Node { return product(rows, weight) }); more != nil {
		y = Add(y, more)
	}
	outDims := append(append([]int{}, dims[:len(dims)-1]...), out)
	return Reshape(y, outDims...)
}
