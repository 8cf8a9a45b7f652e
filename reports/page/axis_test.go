package page

import (
	"slices"
	"testing"
)

// TestTicks, by hand: six steps or fewer of 1, 2 or 5 times a power of ten, from a
// multiple below the numbers to one above them.
func TestTicks(t *testing.T) {
	for _, c := range []struct {
		numbers []float64
		want    []string
	}{
		{[]float64{0, 1}, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{[]float64{1, 299}, []string{"0", "50", "100", "150", "200", "250", "300"}},
		{[]float64{-0.3, 0.29}, []string{"-0.3", "-0.2", "-0.1", "0", "0.1", "0.2", "0.3"}},
		{[]float64{1.95, 2.05}, []string{"1.94", "1.96", "1.98", "2.00", "2.02", "2.04", "2.06"}},
		{[]float64{5, 5}, []string{"4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"}},
		{nil, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{[]float64{0, 5e6}, []string{"0", "1e+06", "2e+06", "3e+06", "4e+06", "5e+06"}},
	} {
		a := newAxis(c.numbers, 0, 100)
		var got []string
		for _, tick := range a.ticks() {
			got = append(got, tick.Label)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.numbers, got, c.want)
		}
		for _, x := range c.numbers {
			if at := a.at(x); at < 0 || at > 100 {
				t.Errorf("%v: %v is drawn at %v", c.numbers, x, at)
			}
		}
	}
}

// TestAxisPlaces, by hand: of 0 to 10, drawn from 300 up to 100, 2.5 stands at 250.
func TestAxisPlaces(t *testing.T) {
	if got := newAxis([]float64{0, 10}, 300, 100).at(2.5); got != 250 {
		t.Errorf("2.5 stands at %v", got)
	}
}
