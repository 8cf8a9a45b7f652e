package stats

import (
	"errors"
	"math"
	"testing"
)

// By scipy 1.17: ttest_1samp([41.2, 44.0, 39.5], 0).confidence_interval().
func TestStudent(t *testing.T) {
	got, err := Student([]float64{41.2, 44.0, 39.5}, 0.95)
	if err != nil || !near(got, 35.92196817315782, 47.21136516017552, 1e-9) {
		t.Errorf("got %v (%v)", got, err)
	}
	if _, err := Student([]float64{1, 2}, 0.95); !errors.Is(err, ErrTooFew) {
		t.Errorf("two values: %v", err)
	}
	if _, err := Student([]float64{0.1, 0.1, 0.1}, 0.95); !errors.Is(err, ErrNoSpread) {
		t.Errorf("equal values: %v", err)
	}
}

func TestStudentShare(t *testing.T) {
	got, err := StudentShare([]float64{0.99, 1, 0.98}, 0.95)
	if err != nil || got.High > 1 || !holds(got, 0.99) || got.Value-got.Low < got.High-got.Value {
		t.Errorf("got %v (%v)", got, err)
	}
	if _, err := StudentShare([]float64{1, 1, 1}, 0.95); !errors.Is(err, ErrNoSpread) {
		t.Errorf("equal shares: %v", err)
	}
}

func TestStudentTest(t *testing.T) {
	// By scipy 1.17: ttest_1samp([1.2, 0.4, 2.2, -0.3], 0).pvalue.
	if p, err := StudentTest([]float64{1.2, 0.4, 2.2, -0.3}); err != nil || math.Abs(p-0.20205763460906667) > 1e-12 {
		t.Errorf("got %v (%v)", p, err)
	}
	for _, values := range [][]float64{{0, 0, 0}, {2, 2, 2}} {
		if p, err := StudentTest(values); !errors.Is(err, ErrNoSpread) {
			t.Errorf("%v: p %v (%v)", values, p, err)
		}
	}
}
