package diffusion

// euler is Euler's method on the ordinary differential equation of Karras et
// al. 2022, eq. 4, and with ancestral the sampling with fresh noise of the same
// variance (k-diffusion's "ancestral"). There latents are y = x / alpha and the
// noise's share is the ratio r = sigma / alpha:
//
//	y_s = y_t + (r_s - r_t) noise = x_0 + r_s noise,  so  x_s = alpha_s x_0 + sigma_s noise
//
// That is DDIM, and the ancestral form is DDIM with eta = 1: of r_s^2 the part
// (r_t^2 - r_s^2) / r_t^2 is drawn anew in both. What makes them another solver
// is where they stand: at ratios that are even in timesteps or in Karras's
// spacing, and at last at no noise. latents are x, before and after.
func euler(places []place, ancestral bool, latents []float32, predict estimate, normal func(out []float32)) error {
	eta := 0.0
	if ancestral {
		eta = 1
	}
	return ddim(along(places), eta, latents, predict, normal)
}
