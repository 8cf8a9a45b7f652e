package figure

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTicks, by hand: multiples of 1, 2 or 5 times a power of ten within the range, no
// more than six of them, each as it is written.
func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 1, "0 0.2 0.4 0.6 0.8 1.0"},
		{1, 299, "50 100 150 200 250"},
		{-0.3, 0.29, "−0.3 −0.2 −0.1 0 0.1 0.2"},
		{1.93, 2.06, "1.94 1.96 1.98 2.00 2.02 2.04 2.06"},
		{1.88, 2.02, "1.90 1.95 2.00"},
		{0, 5e6, "0 1e6 2e6 3e6 4e6 5e6"},
		{9.5e5, 1.25e6, "1.0e6 1.1e6 1.2e6"},
		{0, 3.1e-5, "0 1e−5 2e−5 3e−5"},
		{1e9, 1e9 + 4, "1.000000000e9 1.000000001e9 1.000000002e9 1.000000003e9 1.000000004e9"},
	} {
		most := 6
		if c.low == 1.93 {
			most = 7
		}
		var got []string
		for _, tick := range linearTicks(c.low, c.high, most) {
			got = append(got, tick.label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v to %v: %q, want %q", c.low, c.high, strings.Join(got, " "), c.want)
		}
	}
	for _, c := range []struct {
		low, high float64 // decimal logarithms
		want      string
	}{
		{-2, 1, "0.01 0.1 1 10"}, {0, 1, "1 2 5 10"}, {-0.05, 0.05, "0.90 0.95 1.00 1.05 1.10"}, {-8, 0, "1e−8 1e−6 1e−4 1e−2 1"},
	} {
		var got []string
		for _, tick := range logarithmicTicks(c.low, c.high, 6) {
			got = append(got, tick.label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("10^%v to 10^%v: %q, want %q", c.low, c.high, strings.Join(got, " "), c.want)
		}
	}
}

// written is the number that a label says.
func written(t rapid.TB, label string) float64 {
	x, err := strconv.ParseFloat(strings.ReplaceAll(label, "−", "-"), 64)
	if err != nil {
		t.Fatalf("the label %q: %v", label, err)
	}
	return x
}

// TestTicksSayWhereTheyAre: over any range, a label is the number at its place, no two are
// alike, and all are within.
func TestTicksSayWhereTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.Float64Range(-1, 1), 1, 5).Draw(t, "numbers")
		factor := math.Pow(10, float64(rapid.IntRange(-30, 30).Draw(t, "power")))
		offset := rapid.SampledFrom([]float64{0, 1, -3, 1e6}).Draw(t, "offset")
		for i := range numbers {
			numbers[i] = factor * (numbers[i] + offset)
		}
		a := Axis{Scale: rapid.SampledFrom([]Scale{Linear, Log}).Draw(t, "scale")}
		s := a.span(numbers)
		s.from, s.to = 0, rapid.Float64Range(40, 400).Draw(t, "length")
		for _, x := range numbers {
			if a.Scale == Log && x <= 0 {
				continue
			}
			if at := s.at(x); at < -1e-6 || at > s.to+1e-6 {
				t.Fatalf("%v is drawn at %v of %v", x, at, s.to)
			}
		}
		ticks := a.fitting(s, func(tick) float64 { return 14 })
		if len(ticks) == 0 {
			t.Fatalf("no ticks over %v", numbers)
		}
		var labels []string
		for _, tick := range ticks {
			if x := written(t, tick.label); math.Abs(x-tick.value) > 1e-12*math.Abs(x) {
				t.Fatalf("%q stands at %v", tick.label, tick.value)
			}
			if at := s.at(tick.value); at < -1e-3 || at > s.to+1e-3 {
				t.Fatalf("%q stands at %v of %v", tick.label, at, s.to)
			}
			labels = append(labels, tick.label)
		}
		slices.Sort(labels)
		if len(slices.Compact(labels)) != len(ticks) {
			t.Fatalf("labels that are alike: %q", labels)
		}
	})
}

// TestAxisPlaces, by hand: of 0 to 10 without room, drawn from 300 up to 100, 2.5 stands
// at 250; of 1 to 100 on a logarithmic scale, 10 is in the middle.
func TestAxisPlaces(t *testing.T) {
	if got := (scale{low: 0, high: 10, from: 300, to: 100}).at(2.5); got != 250 {
		t.Errorf("2.5 stands at %v", got)
	}
	if got := (scale{log: true, low: 0, high: 2, from: 0, to: 80}).at(10); got != 40 {
		t.Errorf("10 stands at %v", got)
	}
}

// TestSpan, by hand: a twentieth of room on either side, but not beyond what can be.
func TestSpan(t *testing.T) {
	zero, hundred := 0.0, 100.0
	for _, c := range []struct {
		axis      Axis
		numbers   []float64
		low, high float64
	}{
		{Axis{}, []float64{0, 10}, -0.5, 10.5},
		{Axis{Least: &zero, Most: &hundred}, []float64{0, 99}, 0, 100},
		{Axis{Least: &zero}, []float64{-1, 19}, -1, 20},
		{Axis{}, []float64{5, 5}, 4.5, 5.5},
		{Axis{}, []float64{0}, -0.5, 0.5},
		{Axis{}, nil, 0 - 0.05, 1.05},
		{Axis{}, []float64{math.NaN(), math.Inf(1), 2, 4}, 1.9, 4.1},
		{Axis{Scale: Even, Names: []string{"a", "b"}}, []float64{0}, -0.5, 1.5},
		{Axis{Values: []float64{0, 20}, Names: []string{"0", "20"}}, []float64{5}, -1, 21},
	} {
		if s := c.axis.span(c.numbers); math.Abs(s.low-c.low) > 1e-12 || math.Abs(s.high-c.high) > 1e-12 {
			t.Errorf("%+v over %v: %v to %v, want %v to %v", c.axis, c.numbers, s.low, s.high, c.low, c.high)
		}
	}
}
