package diffusion

// DDIM is the deterministic solver of Song et al. 2021, eq. 12 with sigma = 0:
//
//	x_s = alpha_s x_0 + sigma_s noise,  the last step ends at x_0
func DDIM(schedule Schedule, steps int, latents []float32, predict Predict) error {
	timesteps := schedule.Timesteps(steps)
	for i, t := range timesteps {
		clean, noise, err := predict(latents, t)
		if err != nil {
			return err
		}
		alpha, sigma := float32(1), float32(0)
		if i+1 < len(timesteps) {
			alpha, sigma = float32(schedule.Alpha(timesteps[i+1])), float32(schedule.Sigma(timesteps[i+1]))
		}
		for j := range latents {
			latents[j] = alpha*clean[j] + sigma*noise[j]
		}
	}
	return nil
}
