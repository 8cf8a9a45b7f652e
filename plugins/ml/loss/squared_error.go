package loss

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// SquaredError is the reward's loss on labels, mean (y - r)^2 over the batch
// (Lee et al. 2023, eq. 1).
//
// rewards and labels are [batch]; the result is a scalar.
func SquaredError(rewards, labels *Node) *Node {
	batch := labels.Shape().Dimensions[0]
	labels.AssertDims(batch)
	rewards.AssertDims(batch)
	difference := Sub(labels, rewards)
	return ReduceAllMean(Mul(difference, difference))
}
