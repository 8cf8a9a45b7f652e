// Package patchnet is the residual network on image patches that the models
// of the world of shapes are built of.
//
// A 32x32 image is cut into 8x8 patches of 4x4 pixels, so that the work is in
// products of large matrices with few tokens, which is what a processor does
// well. Blocks of three kinds follow each other: a convolution in a narrow
// space (how neighbours fit), attention (how far things fit: counts), and a
// two-layer perceptron. The package refuses to know what the network is for:
// package shapesworld builds the encoder and the judge of it.
package patchnet

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
	Blocks string `json:"blocks"` // one letter a block: c(onvolution), a(ttention), m(lp)
}

// Grid is the number of patches on a side.
const Grid = 8

// PatchValues is the number of values in a patch: 4 x 4 pixels x 3 colors.
const PatchValues = 48

// Build makes features of patches: [batch, 64, 48] -> [batch, 64, width].
func Build(p nn.Params, config Config, patches *Node) *Node {
	batch := patches.Shape().Dimensions[0]
	patches.AssertDims(batch, Grid*Grid, PatchValues)
	g := patches.Graph()
	x := nn.Dense(p.In("in"), patches, config.Width, nn.FanIn(1))
	x = Add(x, ExpandAxes(p.In("position").Weight(g, "weight", nn.Normal(0.1), Grid*Grid, config.Width), 0))
	for i, kind := range config.Blocks {
		p := p.In(fmt.Sprintf("block%d", i))
		switch kind {
		case 'c':
			h := nn.LayerNorm(p.In("norm"), nn.Dense(p.In("in"), x, config.Narrow, nn.FanIn(1)))
			h = Reshape(nn.ReLU(h), batch, Grid, Grid, config.Narrow)
			h = nn.ReLU(nn.Conv3x3(p.In("conv"), h, config.Narrow, nn.FanIn(2)))
			h = Reshape(h, batch, Grid*Grid, config.Narrow)
			x = Add(x, nn.Linear(p.In("out"), h, config.Width, nn.FanIn(0.1)))
		case 'a':
			h := nn.LayerNorm(p.In("norm"), x)
			x = Add(x, nn.SelfAttention(p.In("attention"), h, config.Heads, nn.FanIn(0.1)))
		case 'm':
			h := nn.ReLU(nn.Dense(p.In("in"), x, config.Hidden, nn.FanIn(1)))
			x = Add(x, nn.Linear(p.In("out"), h, config.Width, nn.FanIn(0.1)))
		default:
			panic(fmt.Errorf("unknown kind of block %q: c, a or m", kind)) // GoMLX turns panics with errors into errors
		}
	}
	return x
}
