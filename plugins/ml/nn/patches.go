package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Patches is a convolution whose windows do not overlap, without a bias:
// [batch, height, width, in] -> [batch, patches, out], row by row. The weight is
// [size, size, in, out], as Conv's; it is one matrix product on every backend.
func Patches(p Params, x *Node, size, out int, initialize Initializer) *Node {
	dims := x.Shape().Dimensions
	batch, rows, columns, in := dims[0], dims[1]/size, dims[2]/size, dims[3]
	x.AssertDims(batch, rows*size, columns*size, in)
	weight := p.Weight(x.Graph(), "weight", initialize, size, size, in, out)
	x = TransposeAllAxes(Reshape(x, batch, rows, size, columns, size, in), 0, 1, 3, 2, 4, 5)
	y := product(Reshape(x, batch*rows*columns, size*size*in), Reshape(weight, size*size*in, out))
	return Reshape(y, batch, rows*columns, out)
}
