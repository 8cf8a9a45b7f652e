package diffusion

import "math"

// DPMSolverPP2M is DPM-Solver++(2M), the second-order multistep solver of Lu
// et al. 2022, algorithm 2, in evenly spread steps. With lambda = log(alpha /
// sigma) and h_i = lambda(s) - lambda(t), a step from t to s is
//
//	D   = (1 + 1/2r) x_0(t) - 1/2r x_0(previous t),  r = h_{i-1} / h_i
//	x_s = sigma_s / sigma_t x_t - alpha_s (exp(-h_i) - 1) D
//
// The first step is of first order (D = x_0), and so is the last one, which
// ends at x_0.
func DPMSolverPP2M(schedule Schedule, steps int, latents []float32, predict Predict) error {
	return DPMSolverPP2MAlong(schedule, append(schedule.Timesteps(steps), Clean), latents, predict)
}

// DPMSolverPP2MAlong is DPM-Solver++(2M) along a path of the caller's choice. A
// path that ends at a timestep ends with a step of second order.
func DPMSolverPP2MAlong(schedule Schedule, path Path, latents []float32, predict Predict) error {
	if err := path.check(schedule); err != nil {
		return err
	}
	return dpmpp2m(schedule.places(path), false, latents, whole(predict))
}

// dpmpp2m is DPM-Solver++(2M) from place to place. lowerLast makes the last
// step one of first order, wherever it ends.
func dpmpp2m(places []place, lowerLast bool, latents []float32, predict estimate) error {
	var previous []float32
	var previousH float64
	for i, t := range places[:len(places)-1] {
		estimated, _, err := predict(latents, t)
		if err != nil {
			return err
		}
		s := places[i+1]
		if s.sigma == 0 { // h is infinite, the step's limit is x_0
			copy(latents, estimated)
			return nil
		}
		h := s.logSNR() - t.logSNR()
		keep := float32(s.sigma / t.sigma)
		gain := float32(-s.alpha * math.Expm1(-h))
		low := previous == nil || lowerLast && i == len(places)-2
		for j := range latents {
			d := estimated[j]
			if !low {
				half := float32(h / previousH / 2) // 1 / 2r
				d += half * (estimated[j] - previous[j])
			}
			latents[j] = keep*latents[j] + gain*d
		}
		previous = append(previous[:0], estimated...)
		previousH = h
	}
	return nil
}
