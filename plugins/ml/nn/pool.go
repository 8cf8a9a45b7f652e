package nn

import (
	"math"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// PoolMax is the largest value that a window sees, channel by channel: [batch,
// height, width, channels] -> [batch, height', width', channels]. The window's
// frame counts as less than anything.
func PoolMax(x *Node, window Window) *Node {
	for _, axis := range []int{1, 2} {
		parts := []*Node{x}
		for at, n := range []int{window.Before, window.After} {
			if n == 0 {
				continue
			}
			shape := x.Shape().Clone()
			shape.Dimensions[axis] = n
			frame := BroadcastToDims(Scalar(x.Graph(), x.DType(), -math.MaxFloat32), shape.Dimensions...)
			if at == 0 {
				parts = append([]*Node{frame}, parts...)
			} else {
				parts = append(parts, frame)
			}
		}
		if len(parts) > 1 {
			x = Concatenate(parts, axis)
		}
		x = slid(x, axis, window, Max)
	}
	return x
}

// PoolMean is the mean of what a window sees of the image, channel by
// channel: [batch, height, width, channels] -> [batch, height', width',
// channels]. The window's frame does not count, as in TensorFlow and in torch
// with count_include_pad=False.
func PoolMean(x *Node, window Window) *Node {
	dims := x.Shape().Dimensions
	down, across := window.counts(dims[1]), window.counts(dims[2])
	shares := make([]float32, 0, len(down)*len(across))
	for _, rows := range down {
		for _, columns := range across {
			shares = append(shares, 1/float32(rows*columns))
		}
	}
	for _, axis := range []int{1, 2} {
		x = slid(framed(x, axis, window, nil), axis, window, Add)
	}
	share := Const(x.Graph(), shares)
	share = Reshape(share, 1, len(down), len(across), 1)
	return Mul(x, BroadcastToShape(share, shapes.Make(x.DType(), x.Shape().Dimensions...)))
}

// slid combines what the positions of a window's kernel see along an axis.
func slid(x *Node, axis int, window Window, combine func(a, b *Node) *Node) *Node {
	positions := window.positions(x.Shape().Dimensions[axis])
	var all *Node
	for i := range window.Size {
		axes := []SliceAxisSpec{AxisRange(), AxisRange(), AxisRange(), AxisRange()}
		axes[axis] = window.from(i, positions)
		seen := Slice(x, axes...)
		if all == nil {
			all = seen
		} else {
			all = combine(all, seen)
		}
	}
	return all
}

// counts is how many pixels of an axis, not of its frame, the window sees at
// each position.
func (w Window) counts(size int) []int {
	counts := make([]int, w.positions(size+w.Before+w.After))
	for i := range counts {
		first := i*w.Stride - w.Before
		counts[i] = min(first+w.Size, size) - max(first, 0)
	}
	return counts
}
