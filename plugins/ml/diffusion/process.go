package diffusion

import (
	"fmt"
	"strings"
)

// Process is a model's diffusion process: all that a solver knows of the model
// beside its network.
type Process struct {
	Schedule   Schedule
	Prediction Prediction
	Stepping   Stepping
	Clip       bool // Denoiser.Clip
}

// Sampling is what the user says of how images are sampled.
type Sampling struct {
	Solver string  // one of SolverNames
	Steps  int     // at most as many as the schedule has timesteps
	Eta    float64 // of EtaSolvers: the share of fresh noise, 0 to 1
}

// Fresh reports whether the solver draws noise between its steps.
func (s Sampling) Fresh() bool { return s.Eta != 0 || solvers[s.Solver].fresh }

// Sample turns standard normal noise in x into what the model makes of it. normal
// is Fresh.Normal, and may be nil if Sampling.Fresh says so.
func (p Process) Sample(x []float32, s Sampling, network Network, normal func(out []float32)) error {
	solver, path, err := p.path(s)
	if err != nil {
		return err
	}
	if s.Fresh() && normal == nil {
		return fmt.Errorf("%s draws noise between its steps, and nothing draws it", s.Solver)
	}
	if path.Start != 1 {
		for i := range x {
			x[i] *= float32(path.Start)
		}
	}
	if err := solver.solve(path, x, Denoiser{Network: network, Prediction: p.Prediction, Clip: p.Clip}, Fresh{Eta: s.Eta, Normal: normal}); err != nil {
		return err
	}
	if path.Finish != 0 {
		for i := range x {
			x[i] = float32(float64(x[i]) * path.Finish)
		}
	}
	return nil
}

// Evaluations is the number of times that Sample asks the network. An error is
// the one that Sample would give for its settings.
func (p Process) Evaluations(s Sampling) (int, error) {
	count := 0
	err := p.Sample(make([]float32, 1), s, func(noisy []float32, _ float64) ([]float32, error) {
		count++
		return make([]float32, len(noisy)), nil
	}, func([]float32) {})
	return count, err
}

// path finds the solver and where it stands.
func (p Process) path(s Sampling) (solver, Path, error) {
	found, err := solverNamed(s.Solver)
	if err != nil {
		return solver{}, Path{}, err
	}
	if err := p.Prediction.Check(); err != nil {
		return solver{}, Path{}, err
	}
	if s.Steps < 1 {
		return solver{}, Path{}, fmt.Errorf("a solver needs at least one step, not %d", s.Steps)
	}
	if s.Eta < 0 || s.Eta > 1 || s.Eta != 0 && !found.eta {
		return solver{}, Path{}, fmt.Errorf("eta is %v: it is 0 to 1 for %s, and 0 for other solvers", s.Eta, strings.Join(EtaSolvers(), ", "))
	}
	path, err := found.spacing(p.Schedule, p.Stepping, s.Steps)
	return found, path, err
}
