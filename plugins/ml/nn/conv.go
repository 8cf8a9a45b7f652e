package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Window is how the square kernel of a convolution slides over an image. The
// image is framed with zeros first: Before of them above and to the left, After
// below and to the right.
type Window struct {
	Size   int // of the kernel: 1 or 3, mostly
	Stride int // pixels from one place to the next
	Before int
	After  int
}

// Windows that keep an image's size, and the two ways to halve it: framed
// evenly, or at the far edges alone.
var (
	Pointwise = Window{Size: 1, Stride: 1}
	Same3x3   = Window{Size: 3, Stride: 1, Before: 1, After: 1}
	Halve3x3  = Window{Size: 3, Stride: 2, Before: 1, After: 1}
	HalveFar  = Window{Size: 3, Stride: 2, After: 1}
)

// Conv3x3 is a convolution with a 3x3 kernel, stride 1 and zero padding:
// [batch, height, width, in] -> [batch, height, width, out].
func Conv3x3(p Params, x *Node, out int, initialize Initializer) *Node {
	return Conv(p, x, out, Same3x3, initialize)
}

// Conv is a convolution: [batch, height, width, in] -> [batch, height', width',
// out], where height' is the number of places that the window has on a column.
//
// The weight is [size, size, in, out]. On XLA it is the native convolution; the
// pure-Go backend's is a naive loop, so there the shifted images are laid side
// by side and multiplied at once ("im2col"). Both give the same numbers up to
// rounding; a test holds them together.
func Conv(p Params, x *Node, out int, window Window, initialize Initializer) *Node {
	g := x.Graph()
	x.AssertRank(4)
	in := x.Shape().Dimensions[3]
	weight := p.Weight(g, "weight", initialize, window.Size, window.Size, in, out)
	bias := p.Weight(g, "bias", ZerosInit, out)
	var y *Node
	if isGo(g) {
		y = convByMatMul(x, weight, window)
	} else {
		y = convNative(x, weight, window)
	}
	return addBias(y, bias)
}

func convNative(x, weight *Node, window Window) *Node {
	frame := [2]int{window.Before, window.After}
	return Convolve(x, weight).Strides(window.Stride).PaddingPerDim([][2]int{frame, frame}).Done()
}

func convByMatMul(x, weight *Node, window Window) *Node {
	in, out := weight.Shape().Dimensions[2], weight.Shape().Dimensions[3]
	x = framed(framed(x, 1, window), 2, window)
	dims := x.Shape().Dimensions
	batch := dims[0]
	height, width := window.places(dims[1]), window.places(dims[2])
	if window.Size == 1 && window.Stride == 1 { // pixels are the columns
		return Reshape(product(Reshape(x, -1, in), Reshape(weight, in, out)), batch, height, width, out)
	}
	var shifted []*Node
	for i := range window.Size {
		for j := range window.Size {
			shifted = append(shifted, Slice(x, AxisRange(), window.from(i, height), window.from(j, width), AxisRange()))
		}
	}
	columns := Concatenate(shifted, -1)
	columns = Reshape(columns, batch*height*width, len(shifted)*in)
	return Reshape(product(columns, Reshape(weight, len(shifted)*in, out)), batch, height, width, out)
}

// framed puts the window's zeros around x on an axis. Gradients are missing for
// Pad, so they are concatenated.
func framed(x *Node, axis int, window Window) *Node {
	zeros := func(n int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = n
		return Zeros(x.Graph(), shapes.Make(x.DType(), shape.Dimensions...))
	}
	parts := []*Node{x}
	if window.Before > 0 {
		parts = append([]*Node{zeros(window.Before)}, parts...)
	}
	if window.After > 0 {
		parts = append(parts, zeros(window.After))
	}
	if len(parts) == 1 {
		return x
	}
	return Concatenate(parts, axis)
}

// places is the number of places of the window on a framed axis.
func (w Window) places(size int) int { return (size-w.Size)/w.Stride + 1 }

// from is what the kernel's place i sees on an axis, place after place.
func (w Window) from(i, places int) SliceAxisSpec {
	return AxisRange(i, i+(places-1)*w.Stride+1).Stride(w.Stride)
}
