package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The bounds are roots that scipy 1.17 finds:
//
//	brentq(lambda p: 0.7*betainc(x, n-x+1, p) + 0.3*betainc(x+1, n-x, p) - 0.025, 1e-12, x/n)
func TestBinomialAgainstSciPy(t *testing.T) {
	for _, c := range []struct{ x, n, low, high float64 }{
		{3, 20, 0.03595346090370819, 0.36650102842831944},
		{7.5, 31.4, 0.1104372834790524, 0.41595438264736084},
		{1, 6, 0.006003770202528314, 0.6153531726318953},
		{55, 88, 0.5183309944798883, 0.7233320412073417},
		{0, 10, 0, 0.28338780114717843}, // 1 - (0.025/0.7)^(1/10)
		{10, 10, 1 - 0.28338780114717843, 1},
	} {
		if got, err := Binomial(c.x, c.n, 0.95); err != nil || !near(got, c.low, c.high, 1e-9) {
			t.Errorf("%v of %v: got %v, want [%v, %v] (%v)", c.x, c.n, got, c.low, c.high, err)
		}
	}
	if _, err := Binomial(0, 0, 0.95); err == nil {
		t.Error("no error without trials")
	}
}

// Of independent trials the coverage is a sum over the counts, with no simulation.
func TestBinomialCovers(t *testing.T) {
	lowest := 1.0
	for _, n := range []int{6, 7, 8, 9, 10, 11, 12, 13, 15, 18, 20, 23, 25, 30, 35, 45, 60, 88, 120, 240} {
		intervals := make([]Interval, n+1)
		for x := range intervals {
			intervals[x], _ = Binomial(float64(x), float64(n), 0.95)
		}
		for at := 4; at <= 196; at++ {
			p := float64(at) / 200
			coverage := 0.0
			for x, interval := range intervals {
				if holds(interval, p) {
					coverage += distuv.Binomial{N: float64(n), P: p}.Prob(float64(x))
				}
			}
			lowest = math.Min(lowest, coverage)
			if coverage < 0.93 {
				t.Errorf("%d trials at %.3f: coverage %.4f", n, p, coverage)
			}
		}
	}
	t.Logf("lowest coverage %.4f", lowest)
}
