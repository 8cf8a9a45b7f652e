package stats

import (
	"slices"
	"testing"
)

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		strata []int
		least  int
		want   []int
	}{
		{[]int{5, 5, 2, 2}, 2, []int{1, 1, 0, 0}},
		{[]int{0, 1, 1, 2, 2, 2}, 2, []int{0, 0, 0, 1, 1, 1}},       // the first goes with the next
		{[]int{0, 0, 0, 1, 2, 2}, 2, []int{0, 0, 0, 1, 1, 1}},       // of two, the smaller
		{[]int{0, 1, 2}, 4, []int{0, 0, 0}},                         // all together are still too few
		{[]int{0, 0, 0, 0, 1, 2, 3}, 2, []int{0, 0, 0, 0, 1, 1, 1}}, // again and again
	} {
		if got := Join(c.strata, c.least); !slices.Equal(got, c.want) {
			t.Errorf("%v of at least %d: %v, want %v", c.strata, c.least, got, c.want)
		}
	}
}
