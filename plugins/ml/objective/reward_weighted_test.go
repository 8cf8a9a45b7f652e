package objective

import (
	"math"
	"strings"
	"testing"
)

func TestRewardWeights(t *testing.T) {
	for _, scores := range [][]float64{{1}, {0.2, 0.2}, {0, 1}, {0.1, 0.5, 0.9, 0.5}, {1e-300, 3e-300}, {1e6, 3e6}} {
		weights, err := RewardWeights(scores)
		if err != nil {
			t.Fatal(err)
		}
		var sum, mean float64
		for i, w := range weights {
			sum += w
			mean += scores[i] / float64(len(scores))
		}
		if math.Abs(sum/float64(len(weights))-1) > 1e-12 {
			t.Errorf("%v: the mean weight is %v, want 1", scores, sum/float64(len(weights)))
		}
		for i, w := range weights {
			if math.Abs(w-scores[i]/mean) > 1e-12 {
				t.Errorf("%v: weight %d is %v, want %v", scores, i, w, scores[i]/mean)
			}
		}
	}
}

func TestRewardWeightsRefuses(t *testing.T) {
	for _, test := range []struct {
		scores []float64
		want   string
	}{
		{nil, "0 scores"},
		{[]float64{0, 0, 0}, "All 3 scores are 0"},
		{[]float64{1, -0.5}, "lowest of 2 is -0.5"},
		{[]float64{math.NaN()}, "Score 1 of 1 is NaN"},
		{[]float64{1, 2, math.Inf(1)}, "Score 3 of 3 is +Inf"},
		{[]float64{math.MaxFloat64, math.MaxFloat64}, "too large"},
	} {
		if weights, err := RewardWeights(test.scores); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, error %v, want one that says %q", test.scores, weights, err, test.want)
		}
	}
}
