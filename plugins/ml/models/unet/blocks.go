package unet

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// network is a network while it is built.
type network struct {
	Config
	context *Node   // [batch, tokens, cross]
	time    *Node   // [batch, 4 channels of the first block], activated
	skips   []*Node // outputs of the way down that the way up still has to meet, last first
}

// down is the block i of the way down: layers, each with attention or without,
// and halving, but for the last block.
func (n *network) down(p nn.Params, x *Node, i int) *Node {
	channels := n.Channels[i]
	for layer := range n.LayersPerBlock {
		x = n.resnet(p.In(fmt.Sprintf("resnets.%d", layer)), x, channels)
		if n.DownBlocks[i] == crossDown {
			x = n.transformer(p.In(fmt.Sprintf("attentions.%d", layer)), x, n.Heads.of(i))
		}
		n.skips = append(n.skips, p.In(fmt.Sprintf("res%d", layer)).Out(x))
	}
	if i < len(n.Channels)-1 {
		halve := p.In("downsamplers.0")
		x = halve.Out(nn.Conv(halve.In("conv"), x, channels, nn.Halve3x3, nn.FanIn(1)))
		n.skips = append(n.skips, p.In(fmt.Sprintf("res%d", n.LayersPerBlock)).Out(x))
	}
	return p.Out(x)
}

// middle is the block between the way down and the way up.
func (n *network) middle(p nn.Params, x *Node) *Node {
	last := len(n.Channels) - 1
	x = n.resnet(p.In("resnets.0"), x, n.Channels[last])
	x = n.transformer(p.In("attentions.0"), x, n.Heads.of(last))
	return p.Out(n.resnet(p.In("resnets.1"), x, n.Channels[last]))
}

// up is the block i of the way up: layers that each meet an output of the way
// down, and doubling, but for the last block.
func (n *network) up(p nn.Params, x *Node, i int) *Node {
	mirror := len(n.Channels) - 1 - i // the down block of the same size
	channels := n.Channels[mirror]
	for layer := range n.LayersPerBlock + 1 {
		x = Concatenate([]*Node{x, n.skip()}, -1)
		x = n.resnet(p.In(fmt.Sprintf("resnets.%d", layer)), x, channels)
		if n.UpBlocks[i] == crossUp {
			x = n.transformer(p.In(fmt.Sprintf("attentions.%d", layer)), x, n.Heads.of(mirror))
		}
	}
	if mirror > 0 {
		// A side that was odd on the way down is cut to what it was.
		next := n.skips[len(n.skips)-1].Shape().Dimensions
		x = Slice(nn.Upsample(x), AxisRange(), AxisRange(0, next[1]), AxisRange(0, next[2]), AxisRange())
		double := p.In("upsamplers.0")
		x = double.Out(nn.Conv(double.In("conv"), x, channels, nn.Same3x3, nn.FanIn(1)))
	}
	return p.Out(x)
}

// skip takes the last output of the way down that is left.
func (n *network) skip() *Node {
	last := n.skips[len(n.skips)-1]
	n.skips = n.skips[:len(n.skips)-1]
	return last
}

func (n *network) resnet(p nn.Params, x *Node, out int) *Node {
	return nn.Recomputed(p, []*Node{x, n.time}, func(p nn.Params, in []*Node) *Node {
		return nn.ResnetBlock(p, in[0], in[1], out, n.NormGroups, n.NormEpsilon)
	})
}
