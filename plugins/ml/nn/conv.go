package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Window is how the kernel of a convolution slides along an axis of an image; a
// square one slides so along both. The image is framed with zeros first: Before
// of them above and to the left, After below and to the right.
type Window struct {
	Size   int // of the kernel: 1 or 3, mostly
	Stride int // pixels from one position to the next
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
// out], where height' is the number of positions that the window has on a column.
//
// The weight is [size, size, in, out]. On XLA it is the native convolution; the
// pure-Go backend's is a naive loop, so there the shifted images are laid side
// by side and multiplied at once ("im2col"), a large image strip by strip. Both
// give the same numbers up to rounding; a test holds them together.
func Conv(p Params, x *Node, out int, window Window, initialize Initializer) *Node {
	return ConvAxes(p, x, out, window, window, initialize)
}

// ConvAxes is Conv with a kernel that need not be square: one window goes down a
// column of pixels, the other across a row. The weight is [down, across, in,
// out].
func ConvAxes(p Params, x *Node, out int, down, across Window, initialize Initializer) *Node {
	g := x.Graph()
	x.AssertRank(4)
	in := x.Shape().Dimensions[3]
	weight := p.Weight(g, "weight", initialize, down.Size, across.Size, in, out)
	bias := p.Weight(g, "bias", ZerosInit, out)
	y := convolve(x, weight, down, across)
	if more := p.adapted(x, func(x, weight *Node, last bool) *Node {
		if last {
			return convolve(x, weight, Pointwise, Pointwise)
		}
		return convolve(x, weight, down, across)
	}); more != nil {
		y = Add(y, more)
	}
	return addBias(y, bias)
}

func convolve(x, weight *Node, down, across Window) *Node {
	if isGo(x.Graph()) {
		return convByMatMul(x, weight, down, across, stripLimit)
	}
	return convNative(x, weight, down, across)
}

func convNative(x, weight *Node, down, across Window) *Node {
	frames := [][2]int{{down.Before, down.After}, {across.Before, across.After}}
	return Convolve(x, weight).StridePerAxis(down.Stride, across.Stride).PaddingPerDim(frames).Done()
}

// stripLimit is how many numbers are laid side by side at a time: 128 MiB of
// them. Decoding an image of 256 x 256 pixels at the size of Stable Diffusion v1
// takes 2.5 GB so, and took 5 GB without.
const stripLimit = 1 << 25

// convByMatMul cuts the image into strips of rows, so that no more than limit
// numbers are laid side by side, or one row. A strip waits for the one before
// it: the backend would start all at once, and hold all of them.
func convByMatMul(x, weight *Node, down, across Window, limit int) *Node {
	in, out := weight.Shape().Dimensions[2], weight.Shape().Dimensions[3]
	x = framed(x, 1, down, nil)
	dims := x.Shape().Dimensions
	batch, height := dims[0], down.positions(dims[1])
	width := across.positions(dims[2] + across.Before + across.After)
	taps := down.Size * across.Size
	columns := func(x *Node) *Node { // [batch, rows + size - 1, columns, in], stride 1 -> [batch * rows * width, taps * in]
		if taps == 1 && down.Stride == 1 && across.Stride == 1 {
			return Reshape(x, -1, in)
		}
		rows := down.positions(x.Shape().Dimensions[1])
		var shifted []*Node
		for i := range down.Size {
			for j := range across.Size {
				shifted = append(shifted, Slice(x, AxisRange(), down.from(i, rows), across.from(j, width), AxisRange()))
			}
		}
		return Reshape(Concatenate(shifted, -1), batch*rows*width, taps*in)
	}
	weight = Reshape(weight, taps*in, out)
	rows := max(1, limit/(batch*width*taps*in))
	if rows >= height {
		y := product(columns(framed(x, 2, across, nil)), weight)
		return Reshape(y, batch, height, width, out)
	}
	var strips []*Node
	var last *Node
	for top := 0; top < height; top += rows {
		count := min(rows, height-top)
		from := top * down.Stride
		strip := Slice(x, AxisRange(), AxisRange(from, from+(count-1)*down.Stride+down.Size), AxisRange(), AxisRange())
		last = Reshape(product(columns(framed(strip, 2, across, last)), weight), batch, count, width, out)
		strips = append(strips, last)
	}
	return Concatenate(strips, 1)
}

// framed puts the window's zeros around x on an axis, not before the node after
// is there, if it is not nil. Gradients are missing for Pad, so zeros are
// concatenated.
func framed(x *Node, axis int, window Window, after *Node) *Node {
	zeros := func(n int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = n
		zeros := Zeros(x.Graph(), shapes.Make(x.DType(), shape.Dimensions...))
		if after != nil { // gradients are missing for the barrier, and of zeros there are none
			zeros = StopGradient(SchedulingBarrier(zeros, StopGradient(after)))
		}
		return zeros
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

// positions is the number of positions of the window on a framed axis.
func (w Window) positions(size int) int { return (size-w.Size)/w.Stride + 1 }

// from is what the kernel's position i sees on an axis, position after position.
func (w Window) from(i, positions int) SliceAxisSpec {
	return AxisRange(i, i+(positions-1)*w.Stride+1).Stride(w.Stride)
}
