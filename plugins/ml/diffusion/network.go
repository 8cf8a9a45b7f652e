package diffusion

import "fmt"

// Network runs a network on a noisy batch: its output as it is, as long as
// noisy. The timestep may be a fraction.
type Network func(noisy []float32, timestep float64) (output []float32, err error)

// Names of what a network's output is.
const (
	Epsilon  = "epsilon"      // the noise
	Velocity = "v_prediction" // v = alpha noise - sigma x_0 (Salimans and Ho 2022, appendix D)
)

// reading is a network's output as an estimate: x = alpha x_0 + sigma noise is
// solved for what the output is not.
func (n Network) reading(prediction string) estimate {
	return func(noisy []float32, at place) ([]float32, []float32, error) {
		output, err := n.ask(noisy, at.timestep)
		if err != nil {
			return nil, nil, err
		}
		clean, noise := make([]float32, len(noisy)), make([]float32, len(noisy))
		alpha, sigma := float32(at.alpha), float32(at.sigma)
		for i, x := range noisy {
			if prediction == Velocity {
				clean[i] = alpha*x - sigma*output[i]
				noise[i] = alpha*output[i] + sigma*x
			} else {
				clean[i] = (x - sigma*output[i]) / alpha
				noise[i] = output[i]
			}
		}
		return clean, noise, nil
	}
}

// ask runs the network and refuses an answer of another size.
func (n Network) ask(noisy []float32, timestep float64) ([]float32, error) {
	output, err := n(noisy, timestep)
	if err == nil && len(output) != len(noisy) {
		err = fmt.Errorf("at timestep %v the network gave %d numbers for %d", timestep, len(output), len(noisy))
	}
	return output, err
}
