package stats

import (
	"math"
	"testing"
)

func TestHolm(t *testing.T) {
	// Sorted: 0.005·4 = 0.02, 0.01·3 = 0.03, 0.03·2 = 0.06, 0.04·1 raised to 0.06.
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if math.Abs(got[i]-want) > 1e-15 {
			t.Errorf("got %v", got)
			break
		}
	}
	if got := Holm([]float64{0.7, 0.9}); got[0] != 1 || got[1] != 1 {
		t.Errorf("not capped at 1: %v", got)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("no tests: %v", got)
	}
}
