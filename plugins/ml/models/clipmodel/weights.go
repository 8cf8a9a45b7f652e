package clipmodel

import (
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
)

// Weights are the weights of all that the configuration has, in published
// files.
func (c Config) Weights(backend compute.Backend) pretrained.Weights {
	return weights(backend, used, func(p nn.Params, input input) {
		ids := input("ids", dtypes.Int32, 1, 1)
		if c.Projection > 0 {
			c.TextEmbeddings(p, ids, input("ends", dtypes.Int32, 1))
		} else {
			c.Text.States(p, ids)
		}
		if c.Vision != nil {
			side := c.Vision.ImageSize
			c.ImageEmbeddings(p, input("pixels", dtypes.Float32, 1, c.Vision.Channels, side, side))
		}
	})
}

// Weights are those of the text tower alone, in its own files or a pair's.
func (t Text) Weights(backend compute.Backend) pretrained.Weights {
	tower := func(name string) string {
		if name = used(name); strings.HasPrefix(name, towerPrefix) {
			return name
		}
		return ""
	}
	return weights(backend, tower, func(p nn.Params, input input) { t.States(p, input("ids", dtypes.Int32, 1, 1)) })
}

// input makes an input of a graph that nobody executes.
type input func(name string, dtype dtypes.DType, dims ...int) *Node

func weights(backend compute.Backend, rename func(string) string, build func(p nn.Params, input input)) pretrained.Weights {
	g := NewGraph(backend, "weights of CLIP")
	defer g.Finalize()
	needs := nn.List(func(p nn.Params) {
		build(p, func(name string, dtype dtypes.DType, dims ...int) *Node {
			return Parameter(g, name, shapes.Make(dtype, dims...))
		})
	})
	return pretrained.Weights{File: pretrained.Transformers, Needs: needs, Rename: rename, Tables: embedding}
}

// towerPrefix is before the names of a text tower's tensors, but for those of a text
// model without projection that transformers 5 made new and saved: these begin with
// one of the towerParts.
const towerPrefix = "text_model."

var towerParts = []string{"embeddings.", "encoder.", "final_layer_norm."}

// used is the name of a tensor of the files, "" for one that is not part of the
// networks: indices that count up from 0, and the factor of the cosines in
// training.
func used(name string) string {
	for _, part := range towerParts {
		if strings.HasPrefix(name, part) {
			name = towerPrefix + name
		}
	}
	if strings.HasSuffix(name, ".position_ids") || name == "logit_scale" {
		return ""
	}
	return name
}

// embedding reports whether a weight is a table of tokens or positions.
func embedding(name string) bool {
	return strings.HasSuffix(name, ".token_embedding.weight") || strings.HasSuffix(name, ".position_embedding.weight")
}
