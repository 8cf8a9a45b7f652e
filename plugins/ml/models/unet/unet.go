// Package unet is the denoising network of Stable Diffusion v1 and its kin
// (Rombach et al. 2022): a U-shaped convolutional network whose blocks attend
// to the tokens of a prompt. Sizes and weights are those of published
// directories in the layout of diffusers.
//
// The package refuses to know what the prediction is, and what the context
// means; and networks of other families that share the class's name, such as
// SDXL's, by the keys of their configuration.
package unet

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Build predicts from noisy latents, their timesteps and their conditions, which
// are a context: [batch, height, width, in], [batch] and [batch, tokens, cross] ->
// [batch, height, width, out]. Channels come last, whatever the published model's own
// order. Timesteps may be fractions, and each latent may have its own.
func (c Config) Build(p nn.Params, latents, timesteps *Node, conditions conditioning.Of[*Node]) *Node {
	latents.AssertRank(4)
	dims := latents.Shape().Dimensions
	batch, height, width := dims[0], dims[1], dims[2]
	latents.AssertDims(batch, height, width, c.InChannels)
	timesteps.AssertDims(batch)
	context := conditions[conditioning.Context]
	context.AssertRank(3)
	context.AssertDims(batch, context.Shape().Dimensions[1], c.CrossWidth)

	latents, context = p.Cast(latents), p.Cast(context)
	n := network{Config: c, context: context, time: nn.SiLU(c.time(p, timesteps))}
	in := p.In("conv_in")
	x := in.Out(nn.Conv(in, latents, c.Channels[0], nn.Same3x3, nn.FanIn(1)))
	n.skips = []*Node{x}
	for i := range c.Channels {
		x = n.down(p.In(fmt.Sprintf("down_blocks.%d", i)), x, i)
	}
	x = n.middle(p.In("mid_block"), x)
	for i := range c.Channels {
		x = n.up(p.In(fmt.Sprintf("up_blocks.%d", i)), x, i)
	}
	norm := p.In("conv_norm_out")
	x = norm.Out(nn.GroupNorm(norm, x, c.NormGroups, c.NormEpsilon))
	out := p.In("conv_out")
	return nn.Float32(out.Out(nn.Conv(out, nn.SiLU(x), c.OutChannels, nn.Same3x3, nn.FanIn(1))))
}

// time embeds timesteps: [batch] -> [batch, 4 channels of the first block].
func (c Config) time(p nn.Params, timesteps *Node) *Node {
	width := 4 * c.Channels[0]
	x := p.In("time_proj").Out(nn.PublishedTimestepEmbedding(timesteps, c.Channels[0]))
	p = p.In("time_embedding")
	x = p.Cast(x)
	x = nn.SiLU(nn.Dense(p.In("linear_1"), x, width, nn.FanIn(1)))
	return p.Out(nn.Dense(p.In("linear_2"), x, width, nn.FanIn(1)))
}
