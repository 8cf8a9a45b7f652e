package diffusion

import (
	"fmt"
	"slices"
)

// pndm is the pseudo linear multistep solver of Liu et al. 2022, algorithm 2,
// started as in Stable Diffusion: not with Runge-Kutta steps, but by doing the
// first step twice. With e the network's output at a timestep, a step is
//
//	e'  = e                                          the first time
//	      (e + e_1) / 2                              again, from where it began
//	      (3 e - e_1) / 2                            with one step before it
//	      (23 e - 16 e_1 + 5 e_2) / 12               with two
//	      (55 e - 59 e_1 + 37 e_2 - 9 e_3) / 24      with more (eq. 12)
//	x_s = alpha_s / alpha_t x_t + (sigma_s - sigma_t alpha_s / alpha_t) noise(e')      (eq. 11)
//
// The path has the first step twice (pndmSpacing). A network that predicts v is
// averaged as v, and made into noise at t.
func pndm(path Path, x []float32, denoiser Denoiser, _ Fresh) error {
	start := slices.Clone(x)
	var before [][]float32 // outputs at earlier timesteps, the last one first
	for i, step := range path.Steps {
		// 1. the output at t; the second time at the end of the first step
		at := step.From
		if i == 1 {
			at = step.To
		}
		output, err := denoiser.Output(x, at)
		if err != nil {
			return err
		}
		// 2. mixed with earlier outputs
		mean := output
		switch {
		case i == 1:
			mean = mixed([]float32{1. / 2, 1. / 2}, output, before)
			copy(x, start)
		case len(before) == 1:
			mean = mixed([]float32{3. / 2, -1. / 2}, output, before)
		case len(before) == 2:
			mean = mixed([]float32{23. / 12, -16. / 12, 5. / 12}, output, before)
		case len(before) == 3:
			mean = mixed([]float32{55. / 24, -59. / 24, 37. / 24, -9. / 24}, output, before)
		}
		if i != 1 {
			before = append([][]float32{slices.Clone(output)}, before[:min(len(before), 2)]...)
		}
		// 3. from t to s
		_, noise := denoiser.Read(x, mean, step.From)
		step.transfer(x, noise)
	}
	return nil
}

// mixed is the weighted sum of an output and those before it.
func mixed(weights []float32, output []float32, before [][]float32) []float32 {
	sum := make([]float32, len(output))
	for j := range sum {
		sum[j] = weights[0] * output[j]
		for k, weight := range weights[1:] {
			sum[j] += weight * before[k][j]
		}
	}
	return sum
}

// rungeKutta refuses the start with Runge-Kutta steps.
func rungeKutta(c SchedulerConfig) error {
	if !c.SkipPRK {
		return fmt.Errorf(`"skip_prk_steps" is false in the scheduler's configuration, or missing: pndm has no Runge-Kutta steps, write true`)
	}
	return nil
}
