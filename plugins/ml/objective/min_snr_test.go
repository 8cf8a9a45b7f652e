package objective

import (
	"math"
	"testing"
)

// TestMinSNR compares with numbers worked out by hand.
func TestMinSNR(t *testing.T) {
	for _, test := range []struct {
		snr, gamma      float64
		noise, velocity float64
	}{
		{4, 5, 1, 4. / 5},                // below gamma
		{20, 5, 0.25, 5. / 21},           // above it
		{5, 5, 1, 5. / 6},                // at it
		{0.01, 5, 1, 0.01 / 1.01},        // nearly all noise
		{2000, 5, 0.0025, 5. / 2001},     // nearly none
		{20, 1, 0.05, 1. / 21},           // another gamma
		{0, 5, 1, 0},                     // noise alone
		{math.Inf(1), 5, 0, 0},           // none at all
		{1, math.MaxFloat64, 1, 1. / 2},  // a gamma that binds nowhere
		{1e6, 1e7, 1, 1e6 / (1e6 + 1.0)}, // likewise
	} {
		alpha, sigma := math.Sqrt(test.snr/(test.snr+1)), math.Sqrt(1/(test.snr+1))
		if math.IsInf(test.snr, 1) {
			alpha, sigma = 1, 0
		}
		if got := MinSNR(alpha, sigma, test.gamma, false); math.Abs(got-test.noise) > 1e-9 {
			t.Errorf("SNR %v, gamma %v: %v for noise, want %v", test.snr, test.gamma, got, test.noise)
		}
		if got := MinSNR(alpha, sigma, test.gamma, true); math.Abs(got-test.velocity) > 1e-9 {
			t.Errorf("SNR %v, gamma %v: %v for velocity, want %v", test.snr, test.gamma, got, test.velocity)
		}
	}
}
