package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// SelfAttention is multi-head attention of tokens on themselves (Vaswani et
// al. 2017, section 3.2): [batch, tokens, width] -> [batch, tokens, width].
// initializeOut is the initializer of the output projection.
func SelfAttention(p Params, x *Node, heads int, initializeOut Initializer) *Node {
	dims := x.Shape().Dimensions
	batch, tokens, width := dims[0], dims[1], dims[2]
	head := width / heads
	split := func(name string) *Node { // [batch * heads, tokens, head]
		y := Linear(p.In(name), x, width, FanIn(1))
		if heads == 1 {
			return y
		}
		y = TransposeAllAxes(Reshape(y, batch, tokens, heads, head), 0, 2, 1, 3)
		return Reshape(y, batch*heads, tokens, head)
	}
	query, key, value := split("query"), split("key"), split("value")
	logits := compare(query, key) // [batch * heads, tokens, tokens]
	weights := Softmax(MulScalar(logits, 1/math.Sqrt(float64(head))), -1)
	y := mix(weights, value) // [batch * heads, tokens, head]
	if heads > 1 {
		y = TransposeAllAxes(Reshape(y, batch, heads, tokens, head), 0, 2, 1, 3)
	}
	return Linear(p.In("out"), Reshape(y, batch, tokens, width), width, initializeOut)
}
