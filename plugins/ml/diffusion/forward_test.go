package diffusion

import (
	"math"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// TestForward: what training adds to images and asks a network for is what
// diffusers' add_noise and get_velocity give.
func TestForward(t *testing.T) {
	file, err := safetensors.Read("testdata/schedulers.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	schedule := ScaledLinear(0.00085, 0.012, 1000)
	timesteps := file.Integers["add_noise.timesteps"].Data
	each := len(file.Tensors["add_noise.x0"].Data) / len(timesteps)
	for row, timestep := range timesteps {
		of := func(name string) []float32 {
			return file.Tensors["add_noise."+name].Data[row*each : (row+1)*each]
		}
		at, clean, noise := schedule.At(int(timestep)), of("x0"), of("noise")
		compare := func(what string, got, want []float32, most float64) {
			t.Helper()
			for i := range want {
				if !(math.Abs(float64(got[i])-float64(want[i])) <= most) {
					t.Fatalf("timestep %d: %s %d is %v, want %v", timestep, what, i, got[i], want[i])
				}
			}
		}
		noisy, velocity := make([]float32, each), make([]float32, each)
		at.AddNoise(noisy, clean, noise)
		compare("noisy", noisy, of("noisy"), 2e-6)
		Velocity.Target(velocity, clean, noise, at)
		compare("velocity", velocity, of("velocity"), 2e-6)
		back := make([]float32, each)
		at.NoiseIn(back, noisy, clean)
		compare("noise", back, noise, 1e-6/at.Sigma)
		// In place.
		same := slices.Clone(clean)
		at.AddNoise(same, same, noise)
		compare("noisy in place", same, noisy, 0)
	}
}
