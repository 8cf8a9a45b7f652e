package diffusion

// AddNoise is the forward process (Ho et al. 2020, eq. 4):
//
//	x_t = alpha x_0 + sigma noise
//
// clean is x_0; all slices are equally long, and noisy may be one of the others.
func (l NoiseLevel) AddNoise(noisy, clean, noise []float32) {
	alpha, sigma := float32(l.Alpha), float32(l.Sigma)
	for i := range noisy {
		noisy[i] = alpha*clean[i] + sigma*noise[i]
	}
}

// NoiseIn solves the forward process for the noise: that of noisy if its x_0 is
// clean. All slices are equally long, and noise may be one of the others. Sigma is
// not 0.
func (l NoiseLevel) NoiseIn(noise, noisy, clean []float32) {
	alpha, sigma := float32(l.Alpha), float32(l.Sigma)
	for i := range noise {
		noise[i] = (noisy[i] - alpha*clean[i]) / sigma
	}
}
