package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// SelfAttention is multi-head attention of tokens on themselves (Vaswani et
// al. 2017, section 3.2): [batch, tokens, width] -> [batch, tokens, width].
// initializeOut is the initializer of the output projection.
func SelfAttention(p Params, x *Node, heads int, initializeOut Initializer) *Node {
	width := x.Shape().Dimensions[2]
	query := Linear(p.In("query"), x, width, FanIn(1))
	key := Linear(p.In("key"), x, width, FanIn(1))
	value := Linear(p.In("value"), x, width, FanIn(1))
	return Linear(p.In("out"), Attend(query, key, value, heads, nil), width, initializeOut)
}

// Attend mixes values by how well their keys fit the query, in each head for
// itself (Vaswani et al. 2017, eq. 1): query [batch, tokens, width], key and
// value [batch, others, width] -> [batch, tokens, width]. mask, [tokens,
// others], is added to the logits; nil is none.
func Attend(query, key, value *Node, heads int, mask *Node) *Node {
	dims := query.Shape().Dimensions
	batch, tokens, width := dims[0], dims[1], dims[2]
	head := width / heads
	split := func(x *Node) *Node { // [batch * heads, tokens or others, head]
		if heads == 1 {
			return x
		}
		length := x.Shape().Dimensions[1]
		x = TransposeAllAxes(Reshape(x, batch, length, heads, head), 0, 2, 1, 3)
		return Reshape(x, batch*heads, length, head)
	}
	logits := compare(split(query), split(key)) // [batch * heads, tokens, others]
	logits = MulScalar(logits, 1/math.Sqrt(float64(head)))
	if mask != nil {
		logits = Add(logits, BroadcastToShape(ExpandAxes(mask, 0), logits.Shape()))
	}
	y := mix(Softmax(logits, -1), split(value)) // [batch * heads, tokens, head]
	if heads > 1 {
		y = TransposeAllAxes(Reshape(y, batch, heads, tokens, head), 0, 2, 1, 3)
	}
	return Reshape(y, batch, tokens, width)
}

// CausalMask lets a token attend to itself and to those before it: [tokens,
// tokens].
func CausalMask(g *Graph, tokens int) *Node {
	mask := make([][]float32, tokens)
	for i := range mask {
		mask[i] = make([]float32, tokens)
		for j := i + 1; j < tokens; j++ {
			mask[i][j] = -1e9 // its weight is exactly 0, and a gradient stays a number
		}
	}
	return Const(g, mask)
}
