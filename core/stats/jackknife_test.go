package stats

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// leftOut is a statistic of all values, without each, and without each two.
func leftOut(values []float64, statistic func([]float64) float64) (whole float64, one []float64, two [][]float64) {
	without := func(out ...int) float64 {
		var kept []float64
		for i, v := range values {
			if !slices.Contains(out, i) {
				kept = append(kept, v)
			}
		}
		return statistic(kept)
	}
	for i := range values {
		one = append(one, without(i))
		two = append(two, make([]float64, len(values)))
		for j := range values {
			if i != j {
				two[i][j] = without(i, j)
			}
		}
	}
	return without(), one, two
}

var eightValues = []float64{3, 1, 4, 1, 5, 9, 2, 6}

func TestJackknifeOfAMeanIsStudent(t *testing.T) {
	estimate, err := Jackknife(leftOut(eightValues, mean))
	want, _ := Student(eightValues, 0.95)
	got := estimate.Interval(0.95)
	if err != nil || math.Abs(got.Low-want.Low) > 1e-9 || math.Abs(got.High-want.High) > 1e-9 {
		t.Errorf("got %v, want %v (%v)", got, want, err)
	}
}

// The square of the mean is biased by s²/n, which the jackknife takes out to the last
// digit: 31/8 squared less 7.5536/8. Error and degrees by NumPy, with np.delete in the
// place of leftOut and the formulas of Jackknife's comment.
func TestJackknifeOfASquaredMean(t *testing.T) {
	got, err := Jackknife(leftOut(eightValues, func(v []float64) float64 { return mean(v) * mean(v) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ got, want float64 }{
		{got.Value, 14.071428571428571}, {got.Error, 6.898538972408493}, {got.Degrees, 6.510825127055297},
	} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("got %.15g, want %.15g", c.got, c.want)
		}
	}
}

func TestJackknifeOfLittle(t *testing.T) {
	if _, err := Jackknife(leftOut(eightValues[:3], mean)); !errors.Is(err, ErrTooFew) {
		t.Errorf("three groups: %v", err)
	}
	if _, err := Jackknife(leftOut([]float64{2, 2, 2, 2, 2}, mean)); !errors.Is(err, ErrNoSpread) {
		t.Errorf("equal values: %v", err)
	}
}
