package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// GroupNorm normalizes an image's channels in groups, each over all its
// positions, and applies a learned scale and shift to every channel (Wu and He
// 2018, section 3.1): [batch, height, width, channels].
//
// The variance is taken of centered values, in a second pass: what is far from
// zero would lose it otherwise. Epsilon differs from layer to layer in
// published models.
func GroupNorm(p Params, x *Node, groups int, epsilon float64) *Node {
	g := x.Graph()
	x.AssertRank(4)
	dims := x.Shape().Dimensions
	batch, positions, channels := dims[0], dims[1]*dims[2], dims[3]
	original := x
	p, x = p.in32(), Float32(x)
	scale := p.Weight(g, "weight", OnesInit, channels)
	shift := p.Weight(g, "bias", ZerosInit, channels)
	grouped := func(x *Node) *Node { // the mean over positions and group: [batch, positions, channels] -> [batch, channels]
		each := Reshape(positionMeans(x), batch, groups, channels/groups)
		mean := ReduceAndKeep(each, ReduceMean, -1) // [batch, groups, 1]
		return Reshape(BroadcastToDims(mean, batch, groups, channels/groups), batch, channels)
	}
	every := func(weight *Node) *Node { return BroadcastToDims(ExpandAxes(weight, 0), batch, channels) }
	x = Reshape(x, batch, positions, channels)
	x = Sub(x, spread(grouped(x), positions))
	deviation := Sqrt(AddScalar(grouped(Mul(x, x)), epsilon)) // [batch, channels]
	x = Mul(x, spread(Div(every(scale), deviation), positions))
	return like(Reshape(Add(x, spread(every(shift), positions)), dims...), original)
}

// positionMeans is the mean over the middle axis: [batch, n, width] -> [batch,
// width].
func positionMeans(x *Node) *Node {
	dims := x.Shape().Dimensions
	batch, n, width := dims[0], dims[1], dims[2]
	if !isGo(x.Graph()) {
		return ReduceMean(x, 1)
	}
	mean := func(x *Node) *Node {
		share := MulScalar(Ones(x.Graph(), shapes.Make(x.DType(), batch, 1, n)), 1/float64(n))
		return Reshape(DotGeneral(share, []int{2}, []int{0}, x, []int{1}, []int{0}), batch, width)
	}
	return given(x, mean, func(v *Node) *Node { return spread(MulScalar(v, 1/float64(n)), n) })
}
