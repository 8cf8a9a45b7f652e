package objective

import (
	"context"

	. "github.com/gomlx/gomlx/core/graph"
)

// Objective is one loss of a fine-tuning.
//
//  1. Examples reads the tables and lists what there is to learn from.
//  2. Step draws the examples of every step, in an order given by the seed.
//  3. The Policy makes noisy images of them and predicts what was done to them;
//     so does a frozen copy of it, if the loss needs a reference.
//  4. Share turns the errors of both into what each image adds to the objective,
//     and into the values of the training curve.
type Objective interface {
	// Examples lists what the loss learns from: one image each, or pairs alone.
	// Its error is an sdk.Diagnostic where the user can do something about it.
	Examples(ctx context.Context, sets []Set) ([]Example, error)
	// Share builds the loss of every image of a chunk. What the result holds for
	// images of other losses does not matter as long as it is finite: their
	// factor is 0.
	Share(images Images) Share
}

// Totaled is an Objective whose losses of single images depend on all images of
// the step, by way of sums.
type Totaled interface {
	Objective
	// Sums is how many numbers Totals gives.
	Sums() int
	// Totals builds sums over the chunk's images that belong to the loss, [Sums].
	// They are summed up over the step, are not differentiated, and come back in
	// Images.Totals: a step does not depend on how it is cut.
	Totals(images Images) *Node
}

// Example is what a loss learns from: an image, or a pair of images of one prompt.
type Example struct {
	// Images are numbers of images, as the Policy's Add gave them: one, or the
	// better and the worse of a pair.
	Images []int
	// Factor is what the example's loss counts for beside the loss's own weight:
	// 1 on average, or for all.
	Factor float64
	// Label is what is known of the example: 1 if it is good, -1 if it is bad, 0
	// where the loss asks for no label.
	Label float64
}

// Images are images of a step in a graph. All nodes are [images], float32.
type Images struct {
	// Error is the squared error of the network's prediction, a mean over the
	// image's values (Denoising).
	Error *Node
	// Reference is that of the frozen reference on the same noisy images; nil if
	// no loss of the job needs one. It is not differentiated.
	Reference *Node
	// Label is the example's, and 0 where an image belongs to another loss.
	Label *Node
	// Totals are what Totaled.Totals gave, over the whole step.
	Totals *Node
}

// Share is what a loss says of every image.
type Share struct {
	// Loss is to be descended, [images]. An image of a pair has the pair's.
	Loss *Node
	// Values are averaged over the loss's images for the training curve.
	Values []Value
}

// Value is a column of the training curve.
type Value struct {
	Name string // such as "loss": the curve has it as loss/NAME OF THE LOSS
	Node *Node  // [images]
}
