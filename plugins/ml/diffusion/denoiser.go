package diffusion

import "fmt"

// Network runs a network on a noisy batch and gives its output as it is, as long
// as noisy. The timestep may be a fraction.
type Network func(noisy []float32, timestep float64) (output []float32, err error)

// Denoiser is a network with what its output stands for: what a solver asks.
type Denoiser struct {
	Network    Network
	Prediction Prediction
	// Clip cuts predictions of x_0 to [-1, 1], where pixels lie (Ho et al. 2020,
	// section 3.3), and recomputes the noise from them.
	Clip bool
}

// Predict runs the network on a noisy batch and predicts x_0 and the noise in it.
func (d Denoiser) Predict(noisy []float32, at NoiseLevel) (clean, noise []float32, err error) {
	output, err := d.Output(noisy, at)
	if err != nil {
		return nil, nil, err
	}
	clean, noise = d.Read(noisy, output, at)
	return clean, noise, nil
}

// Output is the network's own output. One of another length is an error.
func (d Denoiser) Output(noisy []float32, at NoiseLevel) ([]float32, error) {
	output, err := d.Network(noisy, at.Timestep)
	if err == nil && len(output) != len(noisy) {
		err = fmt.Errorf("at timestep %v the network gave %d numbers for %d", at.Timestep, len(output), len(noisy))
	}
	return output, err
}

// Read converts an output for noisy to x_0 and the noise. Both are new slices.
func (d Denoiser) Read(noisy, output []float32, at NoiseLevel) (clean, noise []float32) {
	clean, noise = make([]float32, len(noisy)), make([]float32, len(noisy))
	d.Prediction.Clean(clean, noisy, output, at)
	if d.Clip {
		for i, c := range clean {
			clean[i] = max(-1, min(1, c))
		}
		at.NoiseIn(noise, noisy, clean)
		return clean, noise
	}
	d.Prediction.Noise(noise, noisy, output, at)
	return clean, noise
}
