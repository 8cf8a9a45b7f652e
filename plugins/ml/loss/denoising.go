// Package loss holds the training objectives, one a file. A loss that is built
// into a graph takes and returns nodes; how the terms of an objective are
// weighed against each other is plain arithmetic on the host. The objectives
// are the same for every model.
package loss

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Denoising is the squared error of a diffusion model's prediction for each
// image of a batch, averaged over the image's values: the term that stands for
// -log p(image | prompt) up to a constant (Ho et al. 2020, eq. 14).
//
// prediction and target are [batch, ...]; the result is [batch].
func Denoising(prediction, target *Node) *Node {
	prediction.AssertDims(target.Shape().Dimensions...)
	batch := target.Shape().Dimensions[0]
	difference := Reshape(Sub(prediction, target), batch, -1)
	return ReduceMean(Mul(difference, difference), 1)
}
