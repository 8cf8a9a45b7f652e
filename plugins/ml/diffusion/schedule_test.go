package diffusion

import (
	"math"
	"testing"
)

// TestVariancePreserving: image and noise always add up to variance 1, the
// share of the noise rises from none.
func TestVariancePreserving(t *testing.T) {
	for name, schedule := range map[string]Schedule{
		"cosine": Cosine(1000), "scaled linear": ScaledLinear(0.00085, 0.012, 1000),
		"short": Cosine(3), "one": ScaledLinear(0.1, 0.2, 1),
	} {
		before := Noiseless.Sigma
		if before != 0 || Noiseless.Alpha != 1 {
			t.Errorf("noiseless is %+v", Noiseless)
		}
		for i := range schedule.AlphasCumprod {
			alpha, sigma := schedule.At(i).Alpha, schedule.At(i).Sigma
			if math.Abs(alpha*alpha+sigma*sigma-1) > 1e-12 {
				t.Errorf("%s: at %d alpha is %v, sigma is %v", name, i, alpha, sigma)
			}
			if !(sigma > before && sigma <= 1) {
				t.Errorf("%s: sigma goes from %v to %v at %d", name, before, sigma, i)
			}
			before = sigma
		}
	}
}

// TestNoisier: the ratio of image to noise is divided, and the schedule stays
// variance preserving.
func TestNoisier(t *testing.T) {
	schedule := Cosine(1000)
	noisier := schedule.Noisier(4)
	for _, step := range []int{0, 1, 250, 500, 998, 999} {
		alpha, sigma := noisier.At(step).Alpha, noisier.At(step).Sigma
		if got, want := alpha/sigma, schedule.At(step).Alpha/schedule.At(step).Sigma/4; math.Abs(got/want-1) > 1e-9 {
			t.Errorf("timestep %d: alpha / sigma is %v, want %v", step, got, want)
		}
		if square := alpha*alpha + sigma*sigma; math.Abs(square-1) > 1e-12 {
			t.Errorf("timestep %d: alpha^2 + sigma^2 is %v", step, square)
		}
	}
}
