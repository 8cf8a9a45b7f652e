package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Conv3x3 is a convolution with a 3x3 kernel, stride 1 and zero padding:
// [batch, height, width, in] -> [batch, height, width, out].
//
// The weight is [3, 3, in, out]. On XLA it is the native convolution; the
// pure-Go backend's is a naive loop, so there the nine shifted images are laid
// side by side and multiplied at once ("im2col"). Both give the same numbers
// up to rounding; a test holds them together.
func Conv3x3(p Params, x *Node, out int, initialize Initializer) *Node {
	g := x.Graph()
	x.AssertRank(4)
	in := x.Shape().Dimensions[3]
	weight := p.Weight(g, "weight", initialize, 3, 3, in, out)
	bias := p.Weight(g, "bias", ZerosInit, out)
	var y *Node
	if isGo(g) {
		y = convByMatMul(x, weight)
	} else {
		y = convNative(x, weight)
	}
	return addBias(y, bias)
}

func convNative(x, weight *Node) *Node {
	return Convolve(x, weight).PadSame().Done()
}

func convByMatMul(x, weight *Node) *Node {
	dims := x.Shape().Dimensions
	batch, height, width, in := dims[0], dims[1], dims[2], dims[3]
	out := weight.Shape().Dimensions[3]
	g := x.Graph()
	// Gradients are missing for Pad, so the border is concatenated.
	row := Zeros(g, shapes.Make(x.DType(), batch, 1, width, in))
	x = Concatenate([]*Node{row, x, row}, 1)
	column := Zeros(g, shapes.Make(x.DType(), batch, height+2, 1, in))
	x = Concatenate([]*Node{column, x, column}, 2)
	var shifted []*Node
	for i := range 3 {
		for j := range 3 {
			shifted = append(shifted, Slice(x, AxisRange(), AxisRange(i, i+height), AxisRange(j, j+width), AxisRange()))
		}
	}
	columns := Reshape(Concatenate(shifted, -1), batch*height*width, 9*in)
	return Reshape(product(columns, Reshape(weight, 9*in, out)), batch, height, width, out)
}
