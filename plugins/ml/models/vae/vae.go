// Package vae is the autoencoder of latent diffusion (Rombach et al. 2022,
// section 3.1): images to the distribution of their latents, and latents to
// images. Sizes and weights are those of published directories in the layout of
// diffusers.
//
// Images and latents have their channels last; pixels lie in [-1, 1]. The
// package refuses to know how latents are made up or denoised.
package vae

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// epsilon is that of every norm; it is not in the configuration.
const epsilon = 1e-6

// Encode gives the normal distribution of an image's latents: [batch, height,
// width, in] -> mean and logarithm of the variance, each [batch, height /
// Factor, width / Factor, latent]. They are not scaled.
func (c Config) Encode(p nn.Params, images *Node) (mean, logVariance *Node) {
	images.AssertRank(4)
	dims := images.Shape().Dimensions
	images.AssertDims(dims[0], dims[1], dims[2], c.InChannels)
	e := p.In("encoder")
	x := c.conv(e.In("conv_in"), images, c.Channels[0])
	last := len(c.Channels) - 1
	for i, channels := range c.Channels {
		block := e.In(fmt.Sprintf("down_blocks.%d", i))
		for layer := range c.LayersPerBlock {
			x = c.resnet(block.In(fmt.Sprintf("resnets.%d", layer)), x, channels)
		}
		if i < last {
			halve := block.In("downsamplers.0")
			x = halve.Out(nn.Conv(halve.In("conv"), x, channels, nn.HalveFar, nn.FanIn(1)))
		}
		x = block.Out(x)
	}
	x = c.end(e, c.middle(e.In("mid_block"), x), 2*c.LatentChannels)
	quant := p.In("quant_conv")
	x = quant.Out(nn.Conv(quant, x, 2*c.LatentChannels, nn.Pointwise, nn.FanIn(1)))
	return SliceAxis(x, -1, AxisRange(0, c.LatentChannels)), SliceAxis(x, -1, AxisRange(c.LatentChannels, 2*c.LatentChannels))
}

// Sample draws latents from what Encode gave, by way of standard normal noise,
// and scales them to what a diffusion model is trained on. All have the shape of
// mean.
func (c Config) Sample(mean, logVariance, noise *Node) *Node {
	return MulScalar(Add(mean, Mul(c.Deviation(logVariance), noise)), c.ScalingFactor)
}

// Deviation is the standard deviation of latents.
func (c Config) Deviation(logVariance *Node) *Node {
	return Exp(MulScalar(ClipScalar(logVariance, -30, 20), 0.5))
}

// Decode makes images of scaled latents, those of a diffusion model: [batch,
// height, width, latent] -> [batch, height * Factor, width * Factor, out].
// Pixels may lie somewhat outside of [-1, 1].
func (c Config) Decode(p nn.Params, latents *Node) *Node {
	return c.decode(p, DivScalar(latents, c.ScalingFactor))
}

// decode is Decode of latents that are not scaled.
func (c Config) decode(p nn.Params, latents *Node) *Node {
	latents.AssertRank(4)
	dims := latents.Shape().Dimensions
	latents.AssertDims(dims[0], dims[1], dims[2], c.LatentChannels)
	quant := p.In("post_quant_conv")
	x := quant.Out(nn.Conv(quant, latents, c.LatentChannels, nn.Pointwise, nn.FanIn(1)))
	d := p.In("decoder")
	last := len(c.Channels) - 1
	x = c.conv(d.In("conv_in"), x, c.Channels[last])
	x = c.middle(d.In("mid_block"), x)
	for i := range c.Channels {
		channels := c.Channels[last-i]
		block := d.In(fmt.Sprintf("up_blocks.%d", i))
		for layer := range c.LayersPerBlock + 1 {
			x = c.resnet(block.In(fmt.Sprintf("resnets.%d", layer)), x, channels)
		}
		if i < last {
			double := block.In("upsamplers.0")
			x = double.Out(nn.Conv(double.In("conv"), nn.Upsample(x), channels, nn.Same3x3, nn.FanIn(1)))
		}
		x = block.Out(x)
	}
	return c.end(d, x, c.OutChannels)
}

// middle is the block with attention: [batch, height, width, channels].
func (c Config) middle(p nn.Params, x *Node) *Node {
	channels := x.Shape().Dimensions[3]
	x = c.resnet(p.In("resnets.0"), x, channels)
	x = c.attention(p.In("attentions.0"), x)
	return p.Out(c.resnet(p.In("resnets.1"), x, channels))
}

// attention of an image's positions on each other, with one head.
func (c Config) attention(p nn.Params, x *Node) *Node {
	dims := x.Shape().Dimensions
	batch, height, width, channels := dims[0], dims[1], dims[2], dims[3]
	h := Reshape(nn.GroupNorm(p.In("group_norm"), x, c.NormGroups, epsilon), batch, height*width, channels)
	h = nn.CrossAttention(p, h, h, 1, true)
	return p.Out(Add(x, Reshape(h, dims...)))
}

// end is the last norm and convolution of the encoder and of the decoder.
func (c Config) end(p nn.Params, x *Node, out int) *Node {
	norm := p.In("conv_norm_out")
	x = norm.Out(nn.GroupNorm(norm, x, c.NormGroups, epsilon))
	return c.conv(p.In("conv_out"), nn.SiLU(x), out)
}

func (c Config) conv(p nn.Params, x *Node, out int) *Node {
	return p.Out(nn.Conv(p, x, out, nn.Same3x3, nn.FanIn(1)))
}

func (c Config) resnet(p nn.Params, x *Node, out int) *Node {
	return nn.ResnetBlock(p, x, nil, out, c.NormGroups, epsilon)
}
