package stats

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func TestVarianceByHand(t *testing.T) {
	// Strata {1, 3, 5} with squares 8 and {10, 14, 12, 12} with squares 8:
	// 3/2 8 + 4/3 8 = 22.666..., 7 - 2 degrees.
	v, degrees, err := Variance([]float64{1, 10, 3, 14, 5, 12, 12}, []int{0, 5, 0, 5, 0, 5, 5})
	if err != nil || math.Abs(v-(12+32.0/3)) > 1e-12 || degrees != 5 {
		t.Errorf("got %v with %v degrees (%v)", v, degrees, err)
	}
	if _, _, err := Variance(make([]float64, 5), make([]int, 5)); !errors.Is(err, ErrTooFew) {
		t.Errorf("five clusters: %v", err)
	}
}

func TestCollapse(t *testing.T) {
	for _, c := range []struct {
		strata []int
		want   [][]int
	}{
		{[]int{3, 3, 3}, [][]int{{0, 1, 2}}},
		{[]int{0, 0, 4, 4}, [][]int{{0, 1}, {2, 3}}},
		{[]int{0, 1, 4, 5}, [][]int{{1, 0}, {3, 2}}},       // the nearest
		{[]int{0, 4, 4, 5}, [][]int{{1, 2, 0, 3}}[:1]},     // 0 and 5 both join 4
		{[]int{0, 0, 2, 4, 4}, [][]int{{0, 1, 2}, {3, 4}}}, // of two as near the lower
		{[]int{9}, [][]int{{0}}},
	} {
		if got := collapse(c.strata); !slices.EqualFunc(got, c.want, slices.Equal[[]int]) {
			t.Errorf("%v: got %v, want %v", c.strata, got, c.want)
		}
	}
}
