package metric

import (
	"math"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func TestUncertainty(t *testing.T) {
	for name, c := range map[string]struct{ scores, want []float64 }{
		"probabilities, of which most are low": {[]float64{0.1, 0.25, 0.75, 0.125, 0.5}, []float64{0.4, 0.25, 0.25, 0.375, 0}},
		"another scale, of odd number":         {[]float64{-2, 7, 3}, []float64{5, 4, 0}},
		"another scale, of even number":        {[]float64{10, 20, 24, 40}, []float64{12, 2, 2, 18}},
		"all in [0, 1] on one side of 0.5":     {[]float64{0.25, 0.125, 0.375}, []float64{0, 0.125, 0.125}},
		"large":                                {[]float64{1e308, 1.5e308}, []float64{0.25e308, 0.25e308}},
		"none":                                 {nil, nil},
	} {
		var scores []table.Score
		for _, score := range c.scores {
			scores = append(scores, table.Score{Score: score})
		}
		got := Uncertainty(scores)
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
