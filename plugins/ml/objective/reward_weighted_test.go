package objective

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

func TestProportionalFactors(t *testing.T) {
	for _, scores := range [][]float64{{1}, {0.2, 0.2}, {0, 1}, {0.1, 0.5, 0.9, 0.5}, {1e-300, 3e-300}, {1e6, 3e6}} {
		weights, err := proportionalFactors(make([]Image, len(scores)), scores, overAll)
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

// TestNormalize: without dividing the factors are the scores, and beta is the
// paper's; by prompt, a prompt of bad images counts as much as one of good ones.
func TestNormalize(t *testing.T) {
	easy, hard, hopeless := Prompt{Text: "one"}, Prompt{Text: "three"}, Prompt{Text: "nine"}
	images := []Image{{Prompt: easy}, {Prompt: hard}, {Prompt: easy}, {Prompt: hard}, {Prompt: hopeless}}
	scores := []float64{0.9, 0.1, 0.6, 0.3, 0}
	for _, test := range []struct {
		normalize string
		want      []float64
	}{
		{"none", scores},
		{"all", []float64{0.9 / 0.38, 0.1 / 0.38, 0.6 / 0.38, 0.3 / 0.38, 0}},
		{"prompt", []float64{1.2, 0.5, 0.8, 1.5, 0}},
	} {
		made, err := New("reward_weighted", []byte(`{"normalize": "`+test.normalize+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		factors, err := proportionalFactors(images, scores, *made.(rewardWeighted).Normalize)
		if err != nil || !slices.EqualFunc(factors, test.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("%s: %v, error %v, want %v", test.normalize, factors, err, test.want)
		}
	}
}

func TestProportionalFactorsRefuses(t *testing.T) {
	for _, test := range []struct {
		scores []float64
		want   string
	}{
		{nil, "no scores"},
		{[]float64{0, 0, 0}, "All 3 scores are 0"},
		{[]float64{1, -0.5}, "lowest of 2 is -0.5"},
		{[]float64{math.NaN()}, "Score 1 of 1 is NaN"},
		{[]float64{1, 2, math.Inf(1)}, "Score 3 of 3 is +Inf"},
		{[]float64{math.MaxFloat64, math.MaxFloat64}, "too large"},
	} {
		if weights, err := proportionalFactors(make([]Image, len(test.scores)), test.scores, overAll); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, error %v, want one that says %q", test.scores, weights, err, test.want)
		}
	}
}

// TestExponentialFactors: in proportion to exp(score / temperature), 1 on average,
// whatever is added to all scores; and who is told that a few have all the weight.
func TestExponentialFactors(t *testing.T) {
	var said []string
	ctx := sdk.WithWarnings(t.Context(), func(text string) { said = append(said, text) })
	for _, shift := range []float64{0, -1e4, 1e4} {
		factors, err := exponentialFactors(ctx, []float64{shift, shift + 1, shift + 3}, 2)
		if err != nil {
			t.Fatal(err)
		}
		sum := 1 + math.Exp(0.5) + math.Exp(1.5)
		for i, want := range []float64{3 / sum, 3 * math.Exp(0.5) / sum, 3 * math.Exp(1.5) / sum} {
			if math.Abs(factors[i]-want) > 1e-9 {
				t.Errorf("shifted by %v: factor %d is %v, want %v", shift, i, factors[i], want)
			}
		}
	}
	if len(said) != 0 {
		t.Errorf("warned: %q", said)
	}
	scores := make([]float64, 100)
	scores[7] = 50
	factors, err := exponentialFactors(ctx, scores, 1)
	if err != nil || math.Abs(factors[7]-100) > 1e-9 {
		t.Errorf("factor %v, error %v", factors[7], err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "worth 1.0 images") {
		t.Errorf("said %q", said)
	}
	if _, err := exponentialFactors(ctx, []float64{1, math.Inf(-1)}, 1); err == nil {
		t.Error("a score of -Inf is accepted")
	}
}

// TestBestFactors: a share of each prompt's images, at least one, and the first of
// equal ones.
func TestBestFactors(t *testing.T) {
	var images []Image
	for i := range 15 {
		images = append(images, Image{Prompt: Prompt{Text: []string{"a", "b", "c"}[i/5]}})
	}
	scores := []float64{1, 2, 3, 4, 5, 9, 9, 9, 9, 9, -5, -4, -3, -2, -1}
	for share, want := range map[float64]string{
		0.2:  "[0 0 0 0 1 1 0 0 0 0 0 0 0 0 1]",
		0.4:  "[0 0 0 1 1 1 1 0 0 0 0 0 0 1 1]",
		0.41: "[0 0 1 1 1 1 1 1 0 0 0 0 1 1 1]",
		1e-6: "[0 0 0 0 1 1 0 0 0 0 0 0 0 0 1]",
		1:    "[1 1 1 1 1 1 1 1 1 1 1 1 1 1 1]",
	} {
		factors, err := bestFactors(images, scores, share)
		if got := fmt.Sprint(factors); err != nil || got != want {
			t.Errorf("share %v: %s, want %s, error %v", share, got, want, err)
		}
	}
}
