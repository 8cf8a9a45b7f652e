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
	if g.Backend().String() == "go" {
		y = convByMatMul(x, weight)
	} else {
		y = convNative(x, weight)
	}
	return Add(y, Reshape(bias, 1, 1, 1, out))
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
	// Multiplied from the left and turned round, because then the gradient of
	// the weight needs no transposed copy of the nine-fold columns.
	y := DotGeneral(Transpose(Reshape(weight, 9*in, out), 0, 1), []int{1}, nil, columns, []int{1}, nil) // [out, positions]
	return Reshape(Transpose(y, 0, 1), batch, height, width, out)
}
