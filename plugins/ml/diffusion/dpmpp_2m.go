package diffusion

import "math"

// DPMSolverPP2M is DPM-Solver++(2M), the second-order multistep solver of Lu
// et al. 2022, algorithm 2. With lambda = log(alpha / sigma) and
// h_i = lambda(s) - lambda(t), a step from t to s is
//
//	D   = (1 + 1/2r) x_0(t) - 1/2r x_0(previous t),  r = h_{i-1} / h_i
//	x_s = sigma_s / sigma_t x_t - alpha_s (exp(-h_i) - 1) D
//
// The first step is of first order (D = x_0), and so is the last one, which
// ends at x_0.
func DPMSolverPP2M(schedule Schedule, steps int, latents []float32, predict Predict) error {
	timesteps := schedule.Timesteps(steps)
	var previous []float32
	var previousH float64
	for i, t := range timesteps {
		clean, _, err := predict(latents, t)
		if err != nil {
			return err
		}
		if i+1 == len(timesteps) {
			copy(latents, clean)
			return nil
		}
		s := timesteps[i+1]
		h := schedule.logSNR(s) - schedule.logSNR(t)
		keep := float32(schedule.Sigma(s) / schedule.Sigma(t))
		gain := float32(-schedule.Alpha(s) * math.Expm1(-h))
		for j := range latents {
			d := clean[j]
			if previous != nil {
				half := float32(h / previousH / 2) // 1 / 2r
				d += half * (clean[j] - previous[j])
			}
			latents[j] = keep*latents[j] + gain*d
		}
		previous = append(previous[:0], clean...)
		previousH = h
	}
	return nil
}
