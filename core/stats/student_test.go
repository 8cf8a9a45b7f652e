package stats

import (
	"errors"
	"math"
	"testing"
)

func TestStudent(t *testing.T) {
	// 1, 2, 3: mean 2, deviation 1, t[.975, 2] = 4.302653.
	got, err := Student([]float64{1, 2, 3}, 0.95)
	half := 4.302653 / math.Sqrt(3)
	if err != nil || got.Value != 2 || math.Abs(got.Low-2+half) > 1e-6 || math.Abs(got.High-2-half) > 1e-6 {
		t.Errorf("got %v, want 2 ± %.4f (%v)", got, half, err)
	}
	if _, err := Student([]float64{1}, 0.95); !errors.Is(err, ErrTooFew) {
		t.Errorf("one value: %v", err)
	}
}

func TestStudentTest(t *testing.T) {
	// t = 2 sqrt 3 = 3.4641 with 2 degrees: p = 0.07418.
	if p, err := StudentTest([]float64{1, 2, 3}); err != nil || math.Abs(p-0.07418) > 1e-5 {
		t.Errorf("got %v (%v)", p, err)
	}
	if p, _ := StudentTest([]float64{0, 0}); p != 1 {
		t.Errorf("all zero: %v", p)
	}
	if p, _ := StudentTest([]float64{2, 2}); p != 0 {
		t.Errorf("all alike: %v", p)
	}
}
