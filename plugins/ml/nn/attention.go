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
	project := func(name string) *Node { return Linear(p.In(name), x, width, FanIn(1)) }
	y := Attend(project("query"), project("key"), project("value"), heads, nil)
	return Linear(p.In("out"), y, width, initializeOut)
}

// Attend is softmax(query key^T / sqrt(width / heads)) value, head by head
// (Vaswani et al. 2017, eq. 1): query [batch, tokens, width], key and value
// [batch, others, width] -> [batch, tokens, width]. mask, [tokens, others], is
// added to the logits; nil is none.
func Attend(query, key, value *Node, heads int, mask *Node) *Node {
	dims := query.Shape().Dimensions
	others := key.Shape().Dimensions[1]
	key.AssertDims(dims[0], others, dims[2])
	value.AssertDims(dims[0], others, dims[2])
	decomposed := func() *Node { return attend(query, key, value, heads, mask) }
	if fusable(query, key, heads, mask) {
		return attendFused(query, key, value, heads, decomposed)
	}
	return decomposed()
}

// attend is Attend written out.
func attend(query, key, value *Node, heads int, mask *Node) *Node {
	dims := query.Shape().Dimensions
	batch, tokens, width := dims[0], dims[1], dims[2]
	others := key.Shape().Dimensions[1]
	head := width / heads
	split := func(y *Node) *Node { // [batch * heads, its tokens, head]
		if heads == 1 {
			return y
		}
		y = TransposeAllAxes(Reshape(y, batch, -1, heads, head), 0, 2, 1, 3)
		return Reshape(y, batch*heads, -1, head)
	}
	query, key, value = split(query), split(key), split(value)
	logits := MulScalar(compare(query, key), 1/math.Sqrt(float64(head))) // [batch * heads, tokens, others]
	if mask != nil {
		mask.AssertDims(tokens, others)
		logits = Add(logits, BroadcastToShape(ExpandAxes(mask, 0), logits.Shape()))
	}
	y := mix(like(Softmax(Float32(logits), -1), value), value) // [batch * heads, tokens, head]
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
