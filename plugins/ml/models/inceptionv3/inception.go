// Package inceptionv3 is the network that the Fréchet inception distance is
// measured with: the Inception-v3 of TensorFlow's graph of 2015-12-05, as
// pytorch-fid and clean-fid run it, up to its 2048 features (pool3).
//
// It is not torchvision's Inception-v3: its average pools leave the frame out of
// the mean, the last block has a maximum in the place of an average, and its
// weights are others (Szegedy et al. 2015, Rethinking the Inception Architecture
// for Computer Vision, figures 5 to 7, for the blocks; pytorch-fid's
// inception.py for what differs). The package refuses to classify: the last
// layer is not there.
package inceptionv3

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

const (
	// Side of the images that the network reads, in pixels.
	Side = 299
	// Features is the length of the vector that the network makes of an image.
	Features = 2048
)

// Network is the network, or for tests one that is narrower throughout.
type Network struct {
	// Divisor of the number of channels everywhere: 1, 2, 4, 8 or 16.
	Divisor int
}

// Width is the length of the vectors.
func (n Network) Width() int { return Features / n.Divisor }

// Features are what the network says of images, [batch, 299, 299, 3] with values
// (byte - 128) / 128 -> [batch, 2048].
func (n Network) Features(p nn.Params, x *Node) *Node {
	x.AssertDims(-1, Side, Side, 3)
	b := builder{n.Divisor}
	x = b.conv(p, "Conv2d_1a_3x3", x, 32, halve, halve) // [batch, 149, 149, 32]
	x = b.conv(p, "Conv2d_2a_3x3", x, 32, inside, inside)
	x = b.conv(p, "Conv2d_2b_3x3", x, 64, nn.Same3x3, nn.Same3x3) // [batch, 147, 147, 64]
	x = nn.PoolMax(x, halve)
	x = b.conv(p, "Conv2d_3b_1x1", x, 80, nn.Pointwise, nn.Pointwise)
	x = b.conv(p, "Conv2d_4a_3x3", x, 192, inside, inside) // [batch, 71, 71, 192]
	x = nn.PoolMax(x, halve)
	x = b.blockA(p.In("Mixed_5b"), x, 32) // [batch, 35, 35, 256]
	x = b.blockA(p.In("Mixed_5c"), x, 64) // 288
	x = b.blockA(p.In("Mixed_5d"), x, 64)
	x = b.blockB(p.In("Mixed_6a"), x) // [batch, 17, 17, 768]
	x = b.blockC(p.In("Mixed_6b"), x, 128)
	x = b.blockC(p.In("Mixed_6c"), x, 160)
	x = b.blockC(p.In("Mixed_6d"), x, 160)
	x = b.blockC(p.In("Mixed_6e"), x, 192)
	x = b.blockD(p.In("Mixed_7a"), x)              // [batch, 8, 8, 1280]
	x = b.blockE(p.In("Mixed_7b"), x, nn.PoolMean) // 2048
	x = b.blockE(p.In("Mixed_7c"), x, nn.PoolMax)  // FID's network has a maximum here
	return ReduceMean(x, 1, 2)
}

// Windows of the kernels. Most blocks keep the size of the image.
var (
	halve  = nn.Window{Size: 3, Stride: 2}
	inside = nn.Window{Size: 3, Stride: 1}
	same5  = nn.Window{Size: 5, Stride: 1, Before: 2, After: 2}
	same7  = nn.Window{Size: 7, Stride: 1, Before: 3, After: 3}
)

type builder struct{ divisor int }

// conv is a convolution, its batch normalization, which is folded into the
// weights when they are read, and a ReLU.
func (b builder) conv(p nn.Params, name string, x *Node, out int, down, across nn.Window) *Node {
	p = p.In(name)
	return p.Out(nn.ReLU(nn.ConvAxes(p, x, out/b.divisor, down, across, nn.FanIn(2))))
}

func (b builder) point(p nn.Params, name string, x *Node, out int) *Node {
	return b.conv(p, name, x, out, nn.Pointwise, nn.Pointwise)
}

func (b builder) square(p nn.Params, name string, x *Node, out int, window nn.Window) *Node {
	return b.conv(p, name, x, out, window, window)
}

// row and column are convolutions with kernels of one row or one column.
func (b builder) row(p nn.Params, name string, x *Node, out int, window nn.Window) *Node {
	return b.conv(p, name, x, out, nn.Pointwise, window)
}

func (b builder) column(p nn.Params, name string, x *Node, out int, window nn.Window) *Node {
	return b.conv(p, name, x, out, window, nn.Pointwise)
}

func joined(p nn.Params, branches ...*Node) *Node { return p.Out(Concatenate(branches, -1)) }

// blockA is figure 5 with one of its 3x3 pairs as a 5x5.
func (b builder) blockA(p nn.Params, x *Node, pooled int) *Node {
	five := b.point(p, "branch5x5_1", x, 48)
	five = b.square(p, "branch5x5_2", five, 64, same5)
	three := b.point(p, "branch3x3dbl_1", x, 64)
	three = b.square(p, "branch3x3dbl_2", three, 96, nn.Same3x3)
	three = b.square(p, "branch3x3dbl_3", three, 96, nn.Same3x3)
	return joined(p, b.point(p, "branch1x1", x, 64), five, three, b.point(p, "branch_pool", nn.PoolMean(x, nn.Same3x3), pooled))
}

// blockB halves the image.
func (b builder) blockB(p nn.Params, x *Node) *Node {
	three := b.point(p, "branch3x3dbl_1", x, 64)
	three = b.square(p, "branch3x3dbl_2", three, 96, nn.Same3x3)
	three = b.square(p, "branch3x3dbl_3", three, 96, halve)
	return joined(p, b.square(p, "branch3x3", x, 384, halve), three, nn.PoolMax(x, halve))
}

// blockC is figure 6 with n = 7.
func (b builder) blockC(p nn.Params, x *Node, middle int) *Node {
	seven := b.point(p, "branch7x7_1", x, middle)
	seven = b.row(p, "branch7x7_2", seven, middle, same7)
	seven = b.column(p, "branch7x7_3", seven, 192, same7)
	double := b.point(p, "branch7x7dbl_1", x, middle)
	double = b.column(p, "branch7x7dbl_2", double, middle, same7)
	double = b.row(p, "branch7x7dbl_3", double, middle, same7)
	double = b.column(p, "branch7x7dbl_4", double, middle, same7)
	double = b.row(p, "branch7x7dbl_5", double, 192, same7)
	return joined(p, b.point(p, "branch1x1", x, 192), seven, double, b.point(p, "branch_pool", nn.PoolMean(x, nn.Same3x3), 192))
}

// blockD halves the image.
func (b builder) blockD(p nn.Params, x *Node) *Node {
	three := b.point(p, "branch3x3_1", x, 192)
	three = b.square(p, "branch3x3_2", three, 320, halve)
	seven := b.point(p, "branch7x7x3_1", x, 192)
	seven = b.row(p, "branch7x7x3_2", seven, 192, same7)
	seven = b.column(p, "branch7x7x3_3", seven, 192, same7)
	seven = b.square(p, "branch7x7x3_4", seven, 192, halve)
	return joined(p, three, seven, nn.PoolMax(x, halve))
}

// blockE is figure 7.
func (b builder) blockE(p nn.Params, x *Node, pool func(*Node, nn.Window) *Node) *Node {
	three := b.point(p, "branch3x3_1", x, 384)
	double := b.point(p, "branch3x3dbl_1", x, 448)
	double = b.square(p, "branch3x3dbl_2", double, 384, nn.Same3x3)
	return joined(p,
		b.point(p, "branch1x1", x, 320),
		b.row(p, "branch3x3_2a", three, 384, nn.Same3x3),
		b.column(p, "branch3x3_2b", three, 384, nn.Same3x3),
		b.row(p, "branch3x3dbl_3a", double, 384, nn.Same3x3),
		b.column(p, "branch3x3dbl_3b", double, 384, nn.Same3x3),
		b.point(p, "branch_pool", pool(x, nn.Same3x3), 192))
}
