// Package dit is the network of the miniature's diffusion model: a diffusion
// transformer on image patches (Peebles and Xie 2023) with convolutions between
// its attention layers.
//
// A 32x32 image is cut into 8x8 patches of 4x4 pixels, so that the work is in
// products of large matrices with few tokens, which is what a processor does
// well. Every block is modulated by the condition, which says the timestep and
// the prompt. The package refuses to know what the condition means and what the
// prediction is for.
package dit

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Config gives the sizes of the network.
type Config struct {
	Width  int    `json:"width"`  // channels of a token
	Narrow int    `json:"narrow"` // channels inside a convolution block
	Hidden int    `json:"hidden"` // channels inside a perceptron block
	Heads  int    `json:"heads"`  // of attention
	Global int    `json:"global"` // channels of a token that a global block sees
	Blocks string `json:"blocks"` // one letter a block: c(onvolution), a(ttention), m(lp), g(lobal)
}

// Grid is the number of patches on a side, PatchValues the number of values in
// a patch: 4 x 4 pixels x 3 colors.
const (
	Grid        = 8
	PatchValues = 48
)

// Build predicts patches from noisy ones and a condition: [batch, 64, 48] and
// [batch, any] -> [batch, 64, 48]. A new network predicts zeros.
func Build(p nn.Params, config Config, noisy, condition *Node) *Node {
	batch := noisy.Shape().Dimensions[0]
	noisy.AssertDims(batch, Grid*Grid, PatchValues)
	// modulated normalizes tokens and scales and shifts them by the condition,
	// the adaptive layer norm of section 3.2.
	modulated := func(p nn.Params, x *Node) *Node {
		scale := nn.Dense(p.In("scale"), condition, config.Width, nn.ZerosInit) // [batch, width]
		shift := nn.Dense(p.In("shift"), condition, config.Width, nn.ZerosInit)
		return nn.Modulate(nn.Normalize(x), scale, shift)
	}
	x := nn.Dense(p.In("in"), noisy, config.Width, nn.FanIn(1)) // [batch, 64, width]
	position := p.In("position").Weight(x.Graph(), "weight", nn.Normal(0.5), Grid*Grid, config.Width)
	x = Add(x, ExpandAxes(position, 0))
	for i, kind := range config.Blocks {
		p := p.In(fmt.Sprintf("block%d", i))
		h := modulated(p, x)
		switch kind {
		case 'c': // how neighbours fit
			h = nn.LayerNorm(p.In("norm"), nn.Dense(p.In("in"), h, config.Narrow, nn.FanIn(1)))
			h = Reshape(nn.ReLU(h), batch, Grid, Grid, config.Narrow)
			h = nn.ReLU(nn.Conv3x3(p.In("conv"), h, config.Narrow, nn.FanIn(2)))
			h = nn.Linear(p.In("out"), Reshape(h, batch, Grid*Grid, config.Narrow), config.Width, nn.FanIn(0.1))
		case 'a': // how far things fit
			h = nn.SelfAttention(p.In("attention"), h, config.Heads, nn.FanIn(0.1))
		case 'm':
			h = nn.ReLU(nn.Dense(p.In("in"), h, config.Hidden, nn.FanIn(1)))
			h = nn.Linear(p.In("out"), h, config.Width, nn.FanIn(0.1))
		case 'g': // what the whole image shows, and where
			h = nn.Linear(p.In("in"), h, config.Global, nn.FanIn(1))
			h = nn.Dense(p.In("whole"), Reshape(h, batch, Grid*Grid*config.Global), config.Hidden, nn.FanIn(1))
			// The prompt asks for a whole too: it acts here, not place by place alone.
			h = nn.ReLU(Add(h, nn.Linear(p.In("asked"), condition, config.Hidden, nn.FanIn(1))))
			h = nn.Dense(p.In("parts"), h, Grid*Grid*config.Global, nn.FanIn(1))
			h = nn.Linear(p.In("out"), Reshape(h, batch, Grid*Grid, config.Global), config.Width, nn.FanIn(0.3))
		default:
			panic(fmt.Errorf("unknown kind of block %q: c, a, m or g", kind)) // GoMLX turns panics with errors into errors
		}
		x = Add(x, h)
	}
	// How much of the noisy image belongs into the prediction depends on the
	// timestep, from all to nothing: so the last norm is modulated too.
	return nn.Dense(p.In("out"), modulated(p.In("last"), x), PatchValues, nn.ZerosInit)
}
