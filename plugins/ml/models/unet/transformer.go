package unet

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// transformerEpsilon is that of the norm before a transformer; it is not in the
// configuration.
const transformerEpsilon = 1e-6

// transformer lets every position of an image look at the others and at the
// context (Rombach et al. 2022, appendix E.2.1): [batch, height, width,
// channels].
func (n *network) transformer(p nn.Params, x *Node, heads int) *Node {
	return nn.Recomputed(p, []*Node{x, n.context}, func(p nn.Params, in []*Node) *Node {
		return n.attend(p, in[0], in[1], heads)
	})
}

func (n *network) attend(p nn.Params, x, context *Node, heads int) *Node {
	dims := x.Shape().Dimensions
	batch, height, width, channels := dims[0], dims[1], dims[2], dims[3]
	norm := p.In("norm")
	h := norm.Out(nn.GroupNorm(norm, x, n.NormGroups, transformerEpsilon))
	h = Reshape(n.project(p.In("proj_in"), h), batch, height*width, channels)
	h = n.tokens(p.In("transformer_blocks.0"), h, context, heads)
	h = n.project(p.In("proj_out"), Reshape(h, batch, height, width, channels))
	return p.Out(Add(x, h))
}

// project mixes an image's channels. With channels last a matrix and a kernel
// of one pixel do the same; their weights differ in rank.
func (n *network) project(p nn.Params, x *Node) *Node {
	channels := x.Shape().Dimensions[3]
	if n.LinearTransform {
		return p.Out(nn.Dense(p, x, channels, nn.FanIn(1)))
	}
	return p.Out(nn.Conv(p, x, channels, nn.Pointwise, nn.FanIn(1)))
}

// tokens is attention of positions on themselves and on the context, and a
// perceptron: [batch, positions, channels].
func (n *network) tokens(p nn.Params, x, context *Node, heads int) *Node {
	channels := x.Shape().Dimensions[2]
	norm := func(name string) *Node {
		return p.In(name).Out(nn.LayerNorm(p.In(name), x))
	}
	h := norm("norm1")
	x = Add(x, nn.CrossAttention(p.In("attn1"), h, h, heads, false))
	x = Add(x, nn.CrossAttention(p.In("attn2"), norm("norm2"), context, heads, false))
	ff := p.In("ff")
	h = nn.GEGLU(ff.In("net.0"), norm("norm3"), 4*channels, nn.FanIn(1))
	return p.Out(Add(x, ff.Out(nn.Dense(ff.In("net.2"), h, channels, nn.FanIn(1)))))
}
