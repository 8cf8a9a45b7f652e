package diffusion

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
	for i, t := range path[:len(path)-1] {
		clean, noise, err := predict(latents, t)
		if err != nil {
			return err
		}
		s := path[i+1]
		alpha, sigma := float32(schedule.Alpha(s)), float32(schedule.Sigma(s))
		for j := range latents {
			latents[j] = alpha*clean[j] + sigma*noise[j]
		}
	}
	return nil
}
