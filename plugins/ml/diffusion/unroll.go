package diffusion

import "fmt"

// Unrolled is a run of a deterministic solver, written out as sums. The batch at
// each evaluation of the network, and the result, are linear in the noise at the
// start and in the network's outputs, with factors that are known beforehand. So a
// device can sum them up where the outputs are, with no host between steps.
type Unrolled struct {
	Timesteps []float64 // of each network evaluation
	// Factors is [evaluations + 1, evaluations + 1]. A row holds the factors of the
	// batch of one evaluation, the last row those of the result; the columns are the
	// summands: the noise at the start, then the output of each evaluation. The
	// factor of an output that is not known yet is 0.
	Factors [][]float32
}

// Unroll writes out what Sample does. A solver that draws fresh noise is refused,
// and so is a process that clips, which is not linear.
func (p Process) Unroll(s Sampling) (*Unrolled, error) {
	if s.Fresh() {
		return nil, fmt.Errorf("%s with eta %v draws noise between its steps", s.Solver, s.Eta)
	}
	if p.Clip {
		return nil, fmt.Errorf("predictions of the image are clipped, which is not linear")
	}
	evaluations, err := p.Evaluations(s)
	if err != nil {
		return nil, err
	}
	// A solver treats every number of a batch alike. So it is run on a batch whose
	// numbers are the factors themselves: one of the noise, one of each output.
	u := &Unrolled{}
	network := func(noisy []float32, timestep float64) ([]float32, error) {
		u.Timesteps = append(u.Timesteps, timestep)
		u.Factors = append(u.Factors, append([]float32(nil), noisy...))
		output := make([]float32, len(noisy))
		output[len(u.Timesteps)] = 1
		return output, nil
	}
	factors := make([]float32, 1+evaluations)
	factors[0] = 1
	if err := p.Sample(factors, s, network, nil); err != nil {
		return nil, err
	}
	u.Factors = append(u.Factors, factors)
	return u, nil
}
