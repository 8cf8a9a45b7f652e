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

// TestLinear: the betas rise evenly.
func TestLinear(t *testing.T) {
	schedule := Linear(0.1, 0.3, 3)
	for i, want := range []float64{0.9, 0.9 * 0.8, 0.9 * 0.8 * 0.7} {
		if math.Abs(schedule.AlphasCumprod[i]-want) > 1e-12 {
			t.Errorf("alphas_cumprod[%d] = %v, want %v", i, schedule.AlphasCumprod[i], want)
		}
	}
}
