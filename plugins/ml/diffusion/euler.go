package diffusion

// euler is Euler's method on the ordinary differential equation of Karras et
// al. 2022, eq. 4. There a batch is y = x / alpha and the noise's share is the
// ratio r = sigma / alpha:
//
//	y_s = y_t + (r_s - r_t) noise = x_0 + r_s noise,  so  x_s = alpha_s x_0 + sigma_s noise
//
// That is ddim. What makes it another solver is where it stands: at ratios that
// are even in timesteps or in Karras's spacing, and at last at no noise.
func euler(path Path, x []float32, denoiser Denoiser, _ Fresh) error {
	return ddim(path, x, denoiser, Fresh{})
}

// eulerAncestral is euler with fresh noise of the same variance (k-diffusion's
// "ancestral"): of r_s^2 the part (r_t^2 - r_s^2) / r_t^2 is drawn anew. That is
// ddim with eta = 1.
func eulerAncestral(path Path, x []float32, denoiser Denoiser, fresh Fresh) error {
	return ddim(path, x, denoiser, Fresh{Eta: 1, Normal: fresh.Normal})
}
