package diffusion

import "math"

// ddim is Song et al. 2021, eq. 12 and 16. From t to s, of the noise at s a part
// is drawn anew, none of it with eta = 0 and as much as in the ancestral sampling
// of Ho et al. 2020 with eta = 1:
//
//	fresh = eta sigma_s / sigma_t sqrt(1 - alpha_t^2 / alpha_s^2)
//	x_s   = alpha_s x_0 + sqrt(sigma_s^2 - fresh^2) noise + fresh z
//
// z is standard normal; none is drawn with eta = 0.
func ddim(path Path, x []float32, denoiser Denoiser, fresh Fresh) error {
	var z []float32
	for _, step := range path.Steps {
		// 1. predict x_0 and the noise at t
		clean, noise, err := denoiser.Predict(x, step.From)
		if err != nil {
			return err
		}
		// 2. the shares of fresh and of predicted noise at s
		t, s := step.From, step.To
		drawn := fresh.Eta * s.Sigma / t.Sigma * math.Sqrt(math.Max(0, 1-t.Alpha*t.Alpha/(s.Alpha*s.Alpha)))
		kept := s
		if fresh.Eta != 0 {
			kept.Sigma = math.Sqrt(math.Max(0, s.Sigma*s.Sigma-drawn*drawn))
		}
		// 3. x_0 and the predicted noise, mixed as at s
		kept.AddNoise(x, clean, noise)
		// 4. fresh noise
		if fresh.Eta != 0 {
			if z == nil {
				z = make([]float32, len(x))
			}
			fresh.Normal(z)
			for i, v := range z {
				x[i] += float32(drawn) * v
			}
		}
	}
	return nil
}

// transfer moves x along a step with a prediction of the noise in it. That is the
// deterministic step of ddim, written without x_0 (Liu et al. 2022, eq. 11):
//
//	x_s = alpha_s / alpha_t x_t + (sigma_s - sigma_t alpha_s / alpha_t) noise
func (step Step) transfer(x, noise []float32) {
	t, s := step.From, step.To
	keep := s.Alpha / t.Alpha
	gain := float32(s.Sigma - t.Sigma*keep)
	for i := range x {
		x[i] = float32(keep)*x[i] + gain*noise[i]
	}
}
