package diffusion

import (
	"math"
	"strings"
	"testing"
)

// TestPredictions, by hand: with x_0 = 2, noise = -1, alpha = 0.6 and sigma = 0.8
// there is x = 1.2 - 0.8 = 0.4 and v = -0.6 - 1.6 = -2.2.
func TestPredictions(t *testing.T) {
	at := NoiseLevel{Timestep: 3, Alpha: 0.6, Sigma: 0.8}
	clean, noise, noisy := []float32{2}, []float32{-1}, []float32{0.4}
	for prediction, want := range map[Prediction]float32{Epsilon: -1, Velocity: -2.2} {
		output, x, n := []float32{0}, []float32{0}, []float32{0}
		prediction.Target(output, clean, noise, at)
		prediction.Clean(x, noisy, output, at)
		prediction.Noise(n, noisy, output, at)
		for what, pair := range map[string][2]float32{"target": {output[0], want}, "clean": {x[0], 2}, "noise": {n[0], -1}} {
			if math.Abs(float64(pair[0]-pair[1])) > 1e-6 {
				t.Errorf("%s of %s is %v, want %v", what, prediction, pair[0], pair[1])
			}
		}
	}
}

// TestEveryPrediction: a target is solved for what it was made of, at every level.
func TestEveryPrediction(t *testing.T) {
	schedule := Cosine(50)
	for _, name := range PredictionNames() {
		prediction := Prediction(name)
		if err := prediction.Check(); err != nil {
			t.Error(err)
		}
		for timestep := range schedule.Timesteps() - 1 {
			at := schedule.At(timestep)
			clean, noise := []float32{0.7, -1}, []float32{-1.3, 0.2}
			noisy, output := make([]float32, 2), make([]float32, 2)
			at.AddNoise(noisy, clean, noise)
			prediction.Target(output, clean, noise, at)
			x, n := make([]float32, 2), make([]float32, 2)
			prediction.Clean(x, noisy, output, at)
			prediction.Noise(n, noisy, output, at)
			for i := range x {
				if math.Abs(float64(x[i]-clean[i])) > 1e-6/at.Alpha || math.Abs(float64(n[i]-noise[i])) > 1e-6 {
					t.Errorf("%s at %d: %v and %v, want %v and %v", name, timestep, x, n, clean, noise)
				}
			}
		}
	}
	if err := Prediction("sample").Check(); err == nil || !strings.Contains(err.Error(), `"sample": supported are epsilon, v_prediction`) {
		t.Errorf("error %v", err)
	}
}

// TestClip: what is clipped is the image, and the noise is what is left then.
func TestClip(t *testing.T) {
	at := NoiseLevel{Timestep: 3, Alpha: 0.6, Sigma: 0.8}
	network := func([]float32, float64) ([]float32, error) { return []float32{-1, -1, 2}, nil }
	noisy := []float32{0.4, -0.2, 0.4} // x_0 is 2, 1, -2
	clean, noise, err := Denoiser{Network: network, Prediction: Epsilon, Clip: true}.Predict(noisy, at)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][2]float64{{1, -0.25}, {1, -1}, {-1, 1.25}} {
		if math.Abs(float64(clean[i])-want[0]) > 1e-6 || math.Abs(float64(noise[i])-want[1]) > 1e-6 {
			t.Errorf("%d: x_0 %v and noise %v, want %v", i, clean[i], noise[i], want)
		}
	}
}
