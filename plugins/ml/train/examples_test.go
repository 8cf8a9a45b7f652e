package train

import (
	"slices"
	"testing"
)

func TestShuffled(t *testing.T) {
	const n = 17
	order := func(seed uint64) []int {
		s := NewShuffled(n, seed)
		var out []int
		for i := range 5 * n {
			out = append(out, s.At(i))
		}
		return out
	}
	whole := order(3)
	for epoch := range 5 {
		places := slices.Clone(whole[epoch*n : (epoch+1)*n])
		if epoch > 0 && slices.Equal(places, whole[:n]) {
			t.Errorf("epoch %d has the order of the first", epoch)
		}
		slices.Sort(places)
		for i, place := range places {
			if place != i {
				t.Fatalf("epoch %d visits %v", epoch, places)
			}
		}
	}
	if !slices.Equal(whole, order(3)) {
		t.Error("the same seed gives another order")
	}
	if slices.Equal(whole, order(4)) {
		t.Error("another seed gives the same order")
	}
	s := NewShuffled(n, 3)
	for i := 5*n - 1; i >= 0; i-- { // whatever was asked before
		if s.At(i) != whole[i] {
			t.Fatalf("asked backwards, example %d is %d, want %d", i, s.At(i), whole[i])
		}
	}
	one := NewShuffled(1, 9)
	for i := range 4 {
		if one.At(i) != 0 {
			t.Errorf("a set of one has an example %d", one.At(i))
		}
	}
}
