package feedback

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/plumb-ml/plumb/plugins/ml/loss"
	"github.com/plumb-ml/plumb/plugins/ml/models/mlp"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// batch is what one training step learns from.
type batch struct {
	images  *Node // [batch, image width]
	rest    *Node // [batch, candidates, rest]: the inputs that depend on the prompt; the image's own prompt first
	labels  *Node // [batch]: y, the share of raters who call the image good
	present *Node // [batch, candidates]: 1 where there is a candidate
	weights *Node // [batch]: what the image counts for in prompt classification
}

// objective is L = L_MSE + lambda L_pc (Lee et al. 2023, section 3.2), a scalar,
// with its terms. Without prompt classification (auxiliary is nil) there is
// one candidate, the true prompt, and the second term is nil.
func objective(p nn.Params, network mlp.Config, auxiliary *promptClassification, b batch) (total, mse, classification *Node) {
	count, candidates := b.rest.Shape().Dimensions[0], b.rest.Shape().Dimensions[1]
	imageWidth := b.images.Shape().Dimensions[1]
	images := BroadcastToDims(ExpandAxes(b.images, 1), count, candidates, imageWidth)
	inputs := Concatenate([]*Node{images, b.rest}, -1) // [batch, candidates, all inputs]

	// 1. The reward of each image with each candidate.
	logits := mlp.Logit(p, network, inputs) // [batch, candidates]
	rewards := Sigmoid(logits)

	// 2. With the true prompt, it should be the label.
	mse = loss.SquaredError(Reshape(Slice(rewards, AxisRange(), AxisElem(0)), count), b.labels)
	if auxiliary == nil {
		return mse, mse, nil
	}

	// 3. It should be higher with the true prompt than with the others.
	scores := rewards
	if auxiliary.On == onLogit {
		scores = logits
	}
	classification = loss.PromptClassification(scores, b.present, b.weights, auxiliary.Temperature)
	return Add(mse, MulScalar(classification, auxiliary.Weight)), mse, classification
}
