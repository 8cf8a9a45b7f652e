package diffusion

import (
	"fmt"
	"sort"
)

// Predict runs a network on a noisy batch at one timestep and gives its
// estimate of the clean batch x_0 and of the noise, each as long as noisy.
type Predict func(noisy []float32, timestep int) (clean, noise []float32, err error)

// Solver integrates a schedule from noise to an image in evenly spread steps,
// at most as many as the schedule has timesteps. latents is standard normal
// noise and is overwritten by the result.
type Solver func(schedule Schedule, steps int, latents []float32, predict Predict) error

// solvers by their names in HCL.
var solvers = map[string]Solver{
	"ddim":     DDIM,
	"dpmpp_2m": DPMSolverPP2M,
}

// SolverNamed finds a solver.
func SolverNamed(name string) (Solver, error) {
	if solver, ok := solvers[name]; ok {
		return solver, nil
	}
	return nil, fmt.Errorf("unknown solver %q: one of %v", name, SolverNames())
}

// SolverNames lists the solvers, sorted.
func SolverNames() []string {
	var names []string
	for name := range solvers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
