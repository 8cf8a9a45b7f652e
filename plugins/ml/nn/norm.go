package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	gomlxnn "github.com/gomlx/gomlx/ml/nn"
)

// LayerNorm normalizes the last axis to mean 0 and variance 1 (epsilon 1e-5)
// and applies a learned scale and shift (Ba et al. 2016, eq. 4).
func LayerNorm(p Params, x *Node) *Node {
	g := x.Graph()
	dims := x.Shape().Dimensions
	width := dims[len(dims)-1]
	scale := p.Weight(g, "weight", OnesInit, width)
	shift := p.Weight(g, "bias", ZerosInit, width)
	return gomlxnn.LayerNorm(x, []int{-1}, 1e-5, scale, shift, nil)
}
