package diffusion

import "math"

// DDIM is the deterministic solver of Song et al. 2021, eq. 12 with sigma = 0,
// in evenly spread steps:
//
//	x_s = alpha_s x_0 + sigma_s noise,  the last step ends at x_0
func DDIM(schedule Schedule, steps int, latents []float32, predict Predict) error {
	return DDIMAlong(schedule, append(schedule.Timesteps(steps), Clean), latents, predict)
}

// DDIMAlong is DDIM along a path of the caller's choice.
func DDIMAlong(schedule Schedule, path Path, latents []float32, predict Predict) error {
	if err := path.check(schedule); err != nil {
		return err
	}
	return ddim(along(schedule.places(path)), 0, latents, whole(predict), nil)
}

// ddim is Song et al. 2021, eq. 12 and 16: of the noise at s a part is drawn
// anew, none of it with eta = 0 and as much as in the ancestral sampling of Ho
// et al. 2020 with eta = 1:
//
//	fresh = eta sigma_s / sigma_t sqrt(1 - alpha_t^2 / alpha_s^2)
//	x_s   = alpha_s x_0 + sqrt(sigma_s^2 - fresh^2) noise + fresh z
//
// normal draws z; it is not called with eta = 0.
func ddim(steps []step, eta float64, latents []float32, predict estimate, normal func(out []float32)) error {
	drawn := make([]float32, len(latents))
	for _, step := range steps {
		clean, noise, err := predict(latents, step.from)
		if err != nil {
			return err
		}
		t, s := step.from, step.to
		fresh := eta * s.sigma / t.sigma * math.Sqrt(math.Max(0, 1-t.alpha*t.alpha/(s.alpha*s.alpha)))
		kept := s.sigma
		if eta != 0 {
			kept = math.Sqrt(math.Max(0, s.sigma*s.sigma-fresh*fresh))
			normal(drawn)
		}
		alpha, sigma := float32(s.alpha), float32(kept)
		for j := range latents {
			latents[j] = alpha*clean[j] + sigma*noise[j]
		}
		if eta != 0 {
			for j, z := range drawn {
				latents[j] += float32(fresh) * z
			}
		}
	}
	return nil
}
