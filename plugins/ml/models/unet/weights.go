package unet

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/conditioning"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
)

// Weights are the network's weights in published files.
func (c Config) Weights(backend compute.Backend) pretrained.Weights {
	g := NewGraph(backend, "weights of a unet")
	defer g.Finalize()
	input := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
	side := 1 << (len(c.Channels) - 1)
	needs := nn.List(func(p nn.Params) {
		c.Build(p, input("latents", 1, side, side, c.InChannels), input("timesteps", 1),
			conditioning.Of[*Node]{conditioning.Context: input("context", 1, 1, c.CrossWidth)})
	})
	return pretrained.Weights{File: pretrained.Diffusers, Needs: needs}
}

// Read reads a network from a directory in the layout of diffusers.
func Read(backend compute.Backend, directory string) (Config, *model.Store, error) {
	c, err := ReadConfig(directory)
	if err != nil {
		return Config{}, nil, err
	}
	store, err := c.Weights(backend).Read(directory)
	return c, store, err
}
