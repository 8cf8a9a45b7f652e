package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestIsotonic(t *testing.T) {
	// 3, 1 are joined to 2; then 2 and 2 of the tied x are no fall: 1, 2, 2, 2, 5.
	f := FitIsotonic([]float64{4, 0, 1, 2, 3, 3}, []float64{5, 1, 3, 1, 1, 3})
	for x, want := range map[float64]float64{-1: 1, 0: 1, 0.5: 1.5, 1: 2, 2: 2, 3: 2, 3.5: 3.5, 4: 5, 9: 5} {
		if got := f.At(x); math.Abs(got-want) > 1e-12 {
			t.Errorf("at %v: %v, want %v", x, got, want)
		}
	}
	if got := FitIsotonic(nil, nil).At(1); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	constant := FitIsotonic([]float64{1, 2, 3}, []float64{3, 2, 1})
	if constant.At(0) != 2 || constant.At(9) != 2 {
		t.Error("what only falls is not its mean")
	}
}

func TestBinsKeepTiesTogether(t *testing.T) {
	var items []Prediction
	for range 15 {
		items = append(items, Prediction{Predicted: 0.5})
	}
	for i := range 15 {
		items = append(items, Prediction{Predicted: 0.6 + float64(i)/100})
	}
	bins, count := Bins(items, 10) // 30 items are enough for three bins of ten; the ties fill one and a half
	want := slices.Concat(make([]int, 15), slices.Repeat([]int{1}, 5), slices.Repeat([]int{2}, 10))
	if count != 3 || !slices.Equal(bins, want) {
		t.Errorf("%d bins: %v", count, bins)
	}
	if _, count := Bins(items[:5], 10); count != 1 {
		t.Errorf("five items in %d bins", count)
	}
}

// Two bins of ten items each: predicted 0.2 of outcomes of mean 0.5, and 0.8 of 0.6.
func TestCalibrationErrorByHand(t *testing.T) {
	var items []Prediction
	var bins []int
	for i := range 20 {
		item := Prediction{Predicted: 0.2, Outcome: float64(i % 2), Cluster: i / 2}
		if i >= 10 {
			item.Predicted, item.Outcome = 0.8, 0
			if i < 16 {
				item.Outcome = 1
			}
		}
		items, bins = append(items, item), append(bins, i/10)
	}
	interval, chance, err := CalibrationError(items, bins, make([]int, 10), Level, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := (0.3 + 0.2) / 2; math.Abs(interval.Value-want) > 1e-12 {
		t.Errorf("error %v, want %v", interval.Value, want)
	}
	if !(0 <= interval.Low && interval.Low < interval.Value && interval.Value < interval.High && chance > 0) {
		t.Errorf("interval %v, chance %v", interval, chance)
	}
	again, _, _ := CalibrationError(items, bins, make([]int, 10), Level, 1)
	if again != interval {
		t.Error("the same seed gives another interval")
	}
	if _, _, err := CalibrationError(items[:10], bins[:10], make([]int, 10), Level, 1); !errors.Is(err, ErrTooFew) {
		t.Errorf("of five clusters: %v", err)
	}
}

// The interval holds the true error at least as often as it says, of calibrated and of
// overconfident predictions alike, with images of a prompt that resemble each other.
func TestCalibrationErrorCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	const trials, prompts, each, bins = 300, 60, 4, 5
	for name, confidence := range map[string]float64{"calibrated": 1, "overconfident": 1.6} {
		held := 0
		var width float64
		for range trials {
			var items []Prediction
			truth := 0.0
			for prompt := range prompts {
				shift := 0.1 * random.NormFloat64()
				for range each {
					predicted := 0.2 + 0.6*random.Float64()
					chance := min(1, max(0, 0.5+(predicted-0.5)/confidence+shift))
					outcome := 0.0
					if random.Float64() < chance {
						outcome = 1
					}
					items = append(items, Prediction{predicted, outcome, prompt})
				}
			}
			of, count := Bins(items, bins)
			gap, n := make([]float64, count), make([]float64, count)
			for i, item := range items {
				n[of[i]]++
				gap[of[i]] += item.Predicted - (0.5 + (item.Predicted-0.5)/confidence)
			}
			for b := range gap {
				truth += math.Abs(gap[b]) / float64(len(items))
			}
			interval, _, err := CalibrationError(items, of, make([]int, prompts), Level, 1)
			if err != nil {
				t.Fatal(err)
			}
			if interval.Low <= truth && truth <= interval.High {
				held++
			}
			width += (interval.High - interval.Low) / trials
		}
		share := float64(held) / trials
		t.Logf("%s: held %.3f, mean width %.3f", name, share, width)
		if share < 0.93 {
			t.Errorf("%s: the interval holds the truth %.1f %% of the time", name, 100*share)
		}
	}
}
