package diffusion

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Prediction is what a network's output stands for, by the name that
// "prediction_type" has in published configurations.
type Prediction string

// The predictions.
const (
	Epsilon  Prediction = "epsilon"      // the noise (Ho et al. 2020)
	Velocity Prediction = "v_prediction" // v = alpha noise - sigma x_0 (Salimans and Ho 2022, appendix D)
)

// equations are those of a prediction, for one number: target is the output that a
// network should give, and clean and noise solve x_t = alpha x_0 + sigma noise and
// target for x_0 and for the noise.
type equations struct {
	target       func(clean, noise, alpha, sigma float32) float32
	clean, noise func(noisy, output, alpha, sigma float32) float32
}

// predictions are a row each. Flow matching's would be noise - x_0, from which
// x_0 = (x_t - sigma output) / (alpha + sigma).
var predictions = map[Prediction]equations{
	Epsilon: {
		target: func(_, noise, _, _ float32) float32 { return noise },
		clean:  func(noisy, output, alpha, sigma float32) float32 { return (noisy - sigma*output) / alpha },
		noise:  func(_, output, _, _ float32) float32 { return output },
	},
	Velocity: { // solved with alpha^2 + sigma^2 = 1
		target: func(clean, noise, alpha, sigma float32) float32 { return alpha*noise - sigma*clean },
		clean:  func(noisy, output, alpha, sigma float32) float32 { return alpha*noisy - sigma*output },
		noise:  func(noisy, output, alpha, sigma float32) float32 { return alpha*output + sigma*noisy },
	},
}

// PredictionNames lists the predictions, sorted.
func PredictionNames() []string {
	var names []string
	for _, p := range slices.Sorted(maps.Keys(predictions)) {
		names = append(names, string(p))
	}
	return names
}

// Check refuses a prediction that is none. The other methods are for those that
// it lets pass.
func (p Prediction) Check() error {
	if _, ok := predictions[p]; !ok {
		return fmt.Errorf("%q is %q: supported are %s", "prediction_type", string(p), strings.Join(PredictionNames(), ", "))
	}
	return nil
}

// Target fills in what the network should give for the noisy batch that AddNoise
// makes of clean and noise. All slices are equally long, and target may be one of
// the others.
func (p Prediction) Target(target, clean, noise []float32, at NoiseLevel) {
	equation := predictions[p].target
	alpha, sigma := float32(at.Alpha), float32(at.Sigma)
	for i := range target {
		target[i] = equation(clean[i], noise[i], alpha, sigma)
	}
}

// Clean fills in the prediction of x_0 that a network's output for noisy stands
// for. All slices are equally long, and clean may be one of the others.
func (p Prediction) Clean(clean, noisy, output []float32, at NoiseLevel) {
	solve(clean, noisy, output, at, predictions[p].clean)
}

// Noise fills in the prediction of the noise that a network's output for noisy
// stands for. All slices are equally long, and noise may be one of the others.
func (p Prediction) Noise(noise, noisy, output []float32, at NoiseLevel) {
	solve(noise, noisy, output, at, predictions[p].noise)
}

func solve(out, noisy, output []float32, at NoiseLevel, equation func(noisy, output, alpha, sigma float32) float32) {
	alpha, sigma := float32(at.Alpha), float32(at.Sigma)
	for i := range out {
		out[i] = equation(noisy[i], output[i], alpha, sigma)
	}
}
