package vae

import (
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
)

// Weights are the network's weights in published files, encoder and decoder.
func (c Config) Weights(backend compute.Backend) pretrained.Weights {
	g := NewGraph(backend, "weights of a vae")
	defer g.Finalize()
	input := func(name string, dims ...int) *Node { return Parameter(g, name, shapes.Make(dtypes.Float32, dims...)) }
	needs := nn.List(func(p nn.Params) {
		c.Encode(p, input("images", 1, c.Factor(), c.Factor(), c.InChannels))
		c.decode(p, input("latents", 1, 1, 1, c.LatentChannels))
	})
	return pretrained.Weights{File: pretrained.Diffusers, Needs: needs, Rename: renamed}
}

// oldNames are what the parts of an attention were called in the files of
// Stable Diffusion v1.
var oldNames = strings.NewReplacer(".query.", ".to_q.", ".key.", ".to_k.", ".value.", ".to_v.", ".proj_attn.", ".to_out.0.")

// renamed is the name of today for a tensor in a file.
func renamed(name string) string {
	if strings.Contains(name, ".attentions.") {
		return oldNames.Replace(name)
	}
	return name
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
