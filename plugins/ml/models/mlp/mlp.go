// Package mlp is a perceptron with one output: what a reward makes of the
// embeddings of an image and of a prompt.
//
// It refuses to know what its inputs are and what becomes of its output.
package mlp

import (
	"strconv"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// Config gives the sizes of the network.
type Config struct {
	HiddenLayers int `json:"hidden_layers"`
	HiddenUnits  int `json:"hidden_units"` // of each hidden layer
}

// Logit is the network's output before any squashing: [..., in] -> [...].
//
// Layer i is "layers.i", with a weight of [in, out] and a bias of [out]; a ReLU
// follows each but the last. New networks answer about 0 to everything, so that
// training starts from no opinion.
func Logit(p nn.Params, c Config, x *Node) *Node {
	p = p.In("layers")
	for i := range c.HiddenLayers {
		x = nn.ReLU(nn.Dense(p.In(strconv.Itoa(i)), x, c.HiddenUnits, nn.FanIn(2)))
	}
	x = nn.Dense(p.In(strconv.Itoa(c.HiddenLayers)), x, 1, nn.FanIn(0.01))
	return Reshape(x, x.Shape().Dimensions[:x.Rank()-1]...)
}
