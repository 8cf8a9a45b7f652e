package loss

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// maxLogScale keeps the logits from growing without bound, as CLIP does.
var maxLogScale = math.Log(100)

// Contrastive is CLIP's loss (Radford et al. 2021, figure 3): the mean of the
// cross-entropies of finding the text for each image and the image for each
// text in the batch, by the cosine of their embeddings times exp(logScale),
// which is at most 100.
//
// images and texts are [batch, width], logScale is [1]. matches, [batch,
// batch], says for each image how its probability is spread over the texts;
// rows sum to 1 and the matrix is symmetric. The result is a scalar.
func Contrastive(images, texts, matches, logScale *Node) *Node {
	images, texts = normalize(images), normalize(texts)
	scale := Exp(Min(logScale, ConstAs(logScale, maxLogScale)))
	logits := Mul(DotGeneral(images, []int{1}, nil, texts, []int{1}, nil), ExpandAxes(scale, 0)) // [images, texts]
	byImage := ReduceAllSum(Mul(matches, LogSoftmax(logits, 1)))
	byText := ReduceAllSum(Mul(matches, LogSoftmax(logits, 0)))
	batch := float64(images.Shape().Dimensions[0])
	return MulScalar(Add(byImage, byText), -0.5/batch)
}

// normalize divides rows by their length.
func normalize(x *Node) *Node {
	return Div(x, Sqrt(AddScalar(ReduceAndKeep(Mul(x, x), ReduceSum, 1), 1e-12)))
}

// SameText spreads the matches of a batch evenly over all entries with the same
// text: [texts, texts], row-major. Without it a caption that occurs twice would
// count as its own negative.
func SameText(texts []string) []float32 {
	n := len(texts)
	count := map[string]int{}
	for _, text := range texts {
		count[text]++
	}
	matches := make([]float32, n*n)
	for i, a := range texts {
		for j, b := range texts {
			if a == b {
				matches[i*n+j] = 1 / float32(count[a])
			}
		}
	}
	return matches
}
