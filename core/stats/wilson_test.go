package stats

import (
	"math"
	"testing"
)

func TestWilson(t *testing.T) {
	// Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
	for _, c := range []struct{ k, n, low, high float64 }{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0.0000, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		got, err := Wilson(c.k, c.n, 0.95)
		if err != nil || math.Abs(got.Low-c.low) > 5e-5 || math.Abs(got.High-c.high) > 5e-5 {
			t.Errorf("%v of %v: got [%.4f, %.4f], want [%.4f, %.4f] (%v)", c.k, c.n, got.Low, got.High, c.low, c.high, err)
		}
	}
	if _, err := Wilson(0, 0, 0.95); err == nil {
		t.Error("no error without trials")
	}
}
