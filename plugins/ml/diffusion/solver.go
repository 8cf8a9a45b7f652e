package diffusion

import (
	"fmt"
	"math"
	"sort"
)

// Predict runs a network on a noisy batch at one timestep and gives its
// estimate of the clean batch x_0 and of the noise, each as long as noisy.
type Predict func(noisy []float32, timestep int) (clean, noise []float32, err error)

// Solver integrates a schedule from noise to an image. latents is standard
// normal noise and is overwritten by the result.
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

// Timesteps spreads steps over the schedule evenly, from the last timestep
// down; the first is the noisiest ("trailing" spacing, Lin et al. 2024, table 2).
func (s Schedule) Timesteps(steps int) []int {
	total := len(s.AlphasCumprod)
	timesteps := make([]int, steps)
	for i := range timesteps {
		timesteps[i] = int(math.Round(float64(total)-float64(i)*float64(total)/float64(steps))) - 1
	}
	return timesteps
}

// logSNR is half the log signal-to-noise ratio, lambda = log(alpha / sigma).
func (s Schedule) logSNR(t int) float64 { return math.Log(s.Alpha(t) / s.Sigma(t)) }
