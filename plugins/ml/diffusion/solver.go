package diffusion

import (
	"fmt"
	"maps"
	"slices"
)

// solver is a row of the registry: where it stands, and how it goes on from there.
type solver struct {
	spacing Spacing
	// solve goes along the path and overwrites x, the noisy batch where the path
	// begins, with the batch where it ends. It keeps nothing between calls.
	solve func(path Path, x []float32, denoiser Denoiser, fresh Fresh) error

	eta   bool // takes Sampling.Eta
	fresh bool // draws fresh noise in any case

	// For published models. class is what diffusers calls the solver; refuses, if
	// it is not nil, says what in a configuration the solver cannot honour.
	class   string
	refuses func(SchedulerConfig) error
}

// solvers by their names in HCL: the one list of them.
var solvers = map[string]solver{
	"ddim":            {spacing: ddimSpacing, solve: ddim, eta: true, class: "DDIMScheduler", refuses: clipping(true)},
	"dpmpp_2m":        {spacing: dpmppSpacing, solve: dpmpp2m, class: "DPMSolverMultistepScheduler"},
	"euler":           {spacing: eulerSpacing, solve: euler, class: "EulerDiscreteScheduler"},
	"euler_ancestral": {spacing: ratioSpacing, solve: eulerAncestral, fresh: true, class: "EulerAncestralDiscreteScheduler"},
	"heun":            {spacing: ratioSpacing, solve: heun, class: "HeunDiscreteScheduler", refuses: clipping(false)},
	"pndm":            {spacing: pndmSpacing, solve: pndm, class: "PNDMScheduler", refuses: rungeKutta},
}

// Fresh is the noise that a solver draws between its steps.
type Fresh struct {
	Eta float64 // of ddim: its share, 0 to 1
	// Normal fills out, as long as the batch, with standard normal noise. It is
	// called once a step, by solvers that draw noise.
	Normal func(out []float32)
}

// SolverNames lists the solvers, sorted.
func SolverNames() []string { return slices.Sorted(maps.Keys(solvers)) }

// EtaSolvers lists the solvers that take an eta, sorted.
func EtaSolvers() []string {
	return slices.DeleteFunc(SolverNames(), func(name string) bool { return !solvers[name].eta })
}

func solverNamed(name string) (solver, error) {
	s, ok := solvers[name]
	if !ok {
		return solver{}, fmt.Errorf("unknown solver %q: one of %v", name, SolverNames())
	}
	return s, nil
}
