package loss

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// absent is subtracted from the score of a candidate that is not there. Its
// share of the softmax is then exactly 0, and no infinity meets a gradient.
const absent = 1e9

// PromptClassification asks a reward which of several prompts an image was made
// for (Lee et al. 2023, eq. 2): with scores s of one image and candidates z_0
// (the true prompt), z_1, ..., z_n,
//
//	P(z_j) = exp(s_j / T) / sum over k of exp(s_k / T)
//	loss   = sum over images of w (-log P(z_0)) / sum over images of w
//
// With the weights w = 1 for good images and 0 for others it is the paper's
// mean over the good images. If all weights are 0 it is 0.
//
// scores is [batch, candidates], the true prompt first. present, of the same
// shape, is 1 where there is a candidate and 0 where there is none; the first
// column is always 1. weights is [batch], not negative. temperature, T, is
// above 0. The result is a scalar.
func PromptClassification(scores, present, weights *Node, temperature float64) *Node {
	batch, candidates := scores.Shape().Dimensions[0], scores.Shape().Dimensions[1]
	scores.AssertDims(batch, candidates)
	present.AssertDims(batch, candidates)
	weights.AssertDims(batch)
	logits := Sub(MulScalar(scores, 1/temperature), MulScalar(OneMinus(present), absent))
	likelihood := Slice(LogSoftmax(logits, -1), AxisRange(), AxisElem(0)) // [batch, 1]
	entropy := Neg(ReduceAllSum(Mul(Reshape(likelihood, batch), weights)))
	// The bound is far below any sum that is not 0.
	total := ReduceAllSum(weights)
	return Div(entropy, Max(total, ConstAs(total, 1e-12)))
}
