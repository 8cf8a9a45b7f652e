package loss

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

func classify(temperature float64) func(in []*Node) *Node {
	return func(in []*Node) *Node { return PromptClassification(in[0], in[1], in[2], temperature) }
}

func TestPromptClassification(t *testing.T) {
	scores := [][]float32{{1, 0.2, -0.4}, {0.1, 0.9, 7}, {0.3, 0.3, 0.3}}
	present := [][]float32{{1, 1, 1}, {1, 1, 0}, {1, 1, 1}}
	weights := []float32{1, 0.5, 0}
	const T = 2.0
	value, gradient := evaluate(t, classify(T), scores, present, weights)

	// By hand: the second image has one negative, the third counts for nothing.
	var want, wantGradient []float64
	var entropy float64
	for i, row := range scores {
		var sum float64
		for j, s := range row {
			sum += float64(present[i][j]) * math.Exp(float64(s)/T)
		}
		for j, s := range row {
			p := float64(present[i][j]) * math.Exp(float64(s)/T) / sum
			if j == 0 {
				entropy -= float64(weights[i]) * math.Log(p)
				p--
			}
			wantGradient = append(wantGradient, float64(weights[i])*p/T/1.5)
		}
	}
	want = append(want, entropy/1.5)
	expect(t, "loss", []float64{value}, want)
	expect(t, "gradient", float64s(gradient), wantGradient)
}

// A flat softmax has the entropy of its candidates, whatever the temperature.
func TestPromptClassificationOfEqualScores(t *testing.T) {
	value, _ := evaluate(t, classify(0.1), [][]float32{{3, 3, 3, 3}}, [][]float32{{1, 1, 1, 1}}, []float32{0.25})
	expect(t, "loss", []float64{value}, []float64{math.Log(4)})
}

// An image without negatives is no question, and a batch without good images
// has nothing to ask about: neither may give a number that is none.
func TestPromptClassificationOfNothing(t *testing.T) {
	value, gradient := evaluate(t, classify(2), [][]float32{{1, 2}}, [][]float32{{1, 0}}, []float32{1})
	expect(t, "loss without negatives", []float64{value}, []float64{0})
	expect(t, "gradient without negatives", float64s(gradient), []float64{0, 0})

	value, gradient = evaluate(t, classify(2), [][]float32{{1, 2}}, [][]float32{{1, 1}}, []float32{0})
	expect(t, "loss without weights", []float64{value}, []float64{0})
	expect(t, "gradient without weights", float64s(gradient), []float64{0, 0})
}
