package diffusion

import "fmt"

// Unrolled is a way to sample a published model, written out. What its solver asks
// the network, and what it ends with, is linear in the noise that it starts from
// and in the network's outputs, with factors that are known before. So it can be
// summed up where the outputs are, by a device that needs no host between steps.
type Unrolled struct {
	Timesteps []float64 // that the network is told, by question
	// Factors has a row for each question and a last one for the result: of the
	// noise at the start, then of the outputs in the order of questions. Those that
	// are not known yet have 0.
	Factors [][]float32
}

// Fresh reports whether the solver draws noise between its steps.
func (s Sampling) Fresh() bool { return s.Eta != 0 || s.Solver == SolverEulerAncestral }

// Unroll writes out what Sample does. A solver that draws fresh noise is refused.
func (c SchedulerConfig) Unroll(s Sampling) (*Unrolled, error) {
	if s.Fresh() {
		return nil, fmt.Errorf("%s with eta %v draws noise between its steps", s.Solver, s.Eta)
	}
	questions := 0
	s.Network = func(noisy []float32, _ float64) ([]float32, error) {
		questions++
		return make([]float32, len(noisy)), nil
	}
	if err := c.Sample(make([]float32, 1), s); err != nil {
		return nil, err
	}
	// Solvers treat every number alike. So they are run on numbers that are the
	// factors themselves: one for the noise, one for each output.
	u := &Unrolled{}
	s.Network = func(noisy []float32, timestep float64) ([]float32, error) {
		u.Timesteps = append(u.Timesteps, timestep)
		u.Factors = append(u.Factors, append([]float32(nil), noisy...))
		output := make([]float32, len(noisy))
		output[len(u.Timesteps)] = 1
		return output, nil
	}
	factors := make([]float32, 1+questions)
	factors[0] = 1
	if err := c.Sample(factors, s); err != nil {
		return nil, err
	}
	u.Factors = append(u.Factors, factors)
	return u, nil
}
