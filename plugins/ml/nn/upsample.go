package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Upsample doubles an image's sides, every pixel becoming four ("nearest"):
// [batch, height, width, channels] -> [batch, 2 height, 2 width, channels].
func Upsample(x *Node) *Node {
	x.AssertRank(4)
	dims := x.Shape().Dimensions
	batch, height, width, channels := dims[0], dims[1], dims[2], dims[3]
	x = Reshape(x, batch*height*width, 1, channels)
	x = Concatenate([]*Node{x, x}, 1) // every pixel twice
	x = Reshape(x, batch*height, 1, 2*width*channels)
	x = Concatenate([]*Node{x, x}, 1) // every row twice
	return Reshape(x, batch, 2*height, 2*width, channels)
}
