package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// CrossAttention is attention of tokens on a context, which may be the tokens
// themselves (Rombach et al. 2022, section 3.3): [batch, tokens, width] and
// [batch, others, any] -> [batch, tokens, width].
//
// Weights have the names of published models. There the output projection
// always has a bias; biased says whether the three others have one too.
func CrossAttention(p Params, x, context *Node, heads int, biased bool) *Node {
	width := x.Shape().Dimensions[2]
	project := func(name string, x *Node) *Node {
		if biased {
			return Dense(p.In(name), x, width, FanIn(1))
		}
		return Linear(p.In(name), x, width, FanIn(1))
	}
	y := Attend(project("to_q", x), project("to_k", context), project("to_v", context), heads, nil)
	return p.Out(Dense(p.In("to_out.0"), y, width, FanIn(1)))
}
