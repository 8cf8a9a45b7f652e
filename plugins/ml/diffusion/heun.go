package diffusion

// heun is Heun's method, of second order, on the ordinary differential equation
// of Karras et al. 2022 (algorithm 1 without its fresh noise; see euler). In y = x
// / alpha and r = sigma / alpha a step from t to s is
//
//	y' = y_t + (r_s - r_t) noise(y_t, t)
//	y_s = y_t + (r_s - r_t) (noise(y_t, t) + noise(y', s)) / 2
//
// so the network is evaluated twice a step. A step that ends at no noise is one
// of Euler's, to x_0.
func heun(path Path, x []float32, denoiser Denoiser, _ Fresh) error {
	y := make([]float32, len(x))
	for _, step := range path.Steps {
		// 1. predict x_0 and the noise at t
		clean, noise, err := denoiser.Predict(x, step.From)
		if err != nil {
			return err
		}
		if step.To.Sigma == 0 {
			copy(x, clean)
			return nil
		}
		// 2. Euler's step to s, and the noise there
		step.To.AddNoise(y, clean, noise)
		_, there, err := denoiser.Predict(y, step.To)
		if err != nil {
			return err
		}
		// 3. from t to s with the mean of both
		for i := range noise {
			noise[i] = (noise[i] + there[i]) / 2
		}
		step.transfer(x, noise)
	}
	return nil
}
