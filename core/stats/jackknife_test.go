package stats

import (
	"errors"
	"math"
	"testing"
)

func TestJackknifeOfAMeanIsStudent(t *testing.T) {
	// Leaving single values out of a mean gives its t interval.
	values := []float64{3, 1, 4, 1, 5, 9, 2, 6}
	var sum float64
	for _, v := range values {
		sum += v
	}
	leftOut := make([]float64, len(values))
	for i, v := range values {
		leftOut[i] = (sum - v) / float64(len(values)-1)
	}
	got, err := Jackknife(sum/float64(len(values)), leftOut, 0.95)
	want, _ := Student(values, 0.95)
	if err != nil || math.Abs(got.Low-want.Low) > 1e-12 || math.Abs(got.High-want.High) > 1e-12 {
		t.Errorf("got %v, want %v (%v)", got, want, err)
	}
	if _, err := Jackknife(1, []float64{1}, 0.95); !errors.Is(err, ErrTooFew) {
		t.Errorf("one group: %v", err)
	}
}
