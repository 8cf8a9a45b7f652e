package diffusion

import (
	"math"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// TestCosine checks against the schedule's closed form, alphas_cumprod_t =
// f(t+1) / f(0) with f = cos^2: the betas' product, telescoped. Only the last
// beta is cut, to 0.999.
func TestCosine(t *testing.T) {
	const timesteps = 1000
	schedule := Cosine(timesteps)
	if len(schedule.AlphasCumprod) != timesteps {
		t.Fatalf("%d timesteps, want %d", len(schedule.AlphasCumprod), timesteps)
	}
	angle := func(u float64) float64 { return (u + 0.008) / 1.008 * math.Pi / 2 }
	half := func(u float64) float64 { return (1 + math.Cos(2*angle(u))) / 2 } // cos^2
	for i, got := range schedule.AlphasCumprod[:timesteps-1] {
		want := half(float64(i+1)/timesteps) / half(0)
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("alphas_cumprod[%d] = %v, want %v", i, got, want)
		}
	}
	last, before := schedule.AlphasCumprod[timesteps-1], schedule.AlphasCumprod[timesteps-2]
	if math.Abs(last/before-0.001) > 1e-12 {
		t.Errorf("the last beta is %v, want 0.999", 1-last/before)
	}
}

// TestScaledLinear compares with diffusers' table for Stable Diffusion v1.
func TestScaledLinear(t *testing.T) {
	file, err := safetensors.Read("testdata/schedulers.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	want := file.Tensors["alphas_cumprod"].Data
	schedule := ScaledLinear(0.00085, 0.012, 1000)
	if len(schedule.AlphasCumprod) != len(want) {
		t.Fatalf("%d timesteps, want %d", len(schedule.AlphasCumprod), len(want))
	}
	for i, got := range schedule.AlphasCumprod {
		if math.Abs(got-float64(want[i])) > 1e-6 {
			t.Errorf("alphas_cumprod[%d] = %v, want %v", i, got, want[i])
		}
	}
}

// TestVariancePreserving: image and noise always add up to variance 1, the
// share of the noise rises, and at Clean there is none.
func TestVariancePreserving(t *testing.T) {
	for name, schedule := range map[string]Schedule{
		"cosine": Cosine(1000), "scaled linear": ScaledLinear(0.00085, 0.012, 1000),
		"short": Cosine(3), "one": ScaledLinear(0.1, 0.2, 1),
	} {
		before := schedule.Sigma(Clean)
		if before != 0 || schedule.Alpha(Clean) != 1 {
			t.Errorf("%s: at Clean alpha is %v, sigma is %v", name, schedule.Alpha(Clean), before)
		}
		for i := range schedule.AlphasCumprod {
			alpha, sigma := schedule.Alpha(i), schedule.Sigma(i)
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
		alpha, sigma := noisier.Alpha(step), noisier.Sigma(step)
		if got, want := alpha/sigma, schedule.Alpha(step)/schedule.Sigma(step)/4; math.Abs(got/want-1) > 1e-9 {
			t.Errorf("timestep %d: alpha / sigma is %v, want %v", step, got, want)
		}
		if square := alpha*alpha + sigma*sigma; math.Abs(square-1) > 1e-12 {
			t.Errorf("timestep %d: alpha^2 + sigma^2 is %v", step, square)
		}
	}
}
