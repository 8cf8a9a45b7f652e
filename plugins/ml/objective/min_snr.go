package objective

// MinSNR is the factor of an image's denoising loss at a timestep where x_t =
// alpha x + sigma noise, so that no timestep counts for more than gamma in terms
// of the image itself (Hang et al. 2023): with SNR = alpha^2 /
// sigma^2,
//
//	min(SNR, gamma) / SNR        for a network that predicts the noise
//	min(SNR, gamma) / (SNR + 1)  for one that predicts the velocity
func MinSNR(alpha, sigma, gamma float64, velocity bool) float64 {
	signal, noise := alpha*alpha, sigma*sigma
	if velocity {
		return min(signal, gamma*noise) / (signal + noise)
	}
	if signal <= gamma*noise {
		return 1
	}
	return gamma * noise / signal
}
