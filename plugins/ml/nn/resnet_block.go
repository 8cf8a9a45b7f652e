package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// ResnetBlock is two convolutions with a shortcut around them, the timestep
// added between (Ho et al. 2020, appendix B): [batch, height, width, in] ->
// [batch, height, width, out]. time is what the block makes its shift of,
// [batch, any], activated already; nil in networks without timesteps.
func ResnetBlock(p Params, x, time *Node, out, groups int, epsilon float64) *Node {
	dims := x.Shape().Dimensions
	batch, height, width, in := dims[0], dims[1], dims[2], dims[3]
	h := SiLU(GroupNorm(p.In("norm1"), x, groups, epsilon))
	h = Conv(p.In("conv1"), h, out, Same3x3, FanIn(1))
	if time != nil {
		shift := Dense(p.In("time_emb_proj"), time, out, FanIn(1)) // [batch, out]
		h = Reshape(h, batch, height*width, out)
		h = Reshape(Add(h, spread(shift, height*width)), batch, height, width, out)
	}
	h = SiLU(GroupNorm(p.In("norm2"), h, groups, epsilon))
	h = Conv(p.In("conv2"), h, out, Same3x3, FanIn(1))
	if in != out {
		x = Conv(p.In("conv_shortcut"), x, out, Pointwise, FanIn(1))
	}
	return p.Out(Add(x, h))
}
