package nn

import (
	"math"
	"testing"
)

func TestFirstNonFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		numbers []float32
		want    int
	}{
		{nil, -1},
		{[]float32{0, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}, -1},
		{[]float32{0, nan, inf}, 1},
		{[]float32{inf}, 0},
		{[]float32{1, 2, -inf}, 2},
	} {
		if got := FirstNonFinite(test.numbers); got != test.want {
			t.Errorf("%v: %d, want %d", test.numbers, got, test.want)
		}
	}
}
