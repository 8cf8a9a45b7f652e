package diffusion

import "math"

// ScaledLinear is the schedule of latent diffusion (Rombach et al. 2022): the
// square roots of its betas rise evenly from that of start to that of end.
// Stable Diffusion v1 has start 0.00085, end 0.012 and 1000 timesteps.
func ScaledLinear(start, end float64, timesteps int) Schedule {
	s := Schedule{AlphasCumprod: make([]float64, timesteps)}
	low, high := math.Sqrt(start), math.Sqrt(end)
	product := 1.0
	for t := range timesteps {
		root := low + (high-low)*float64(t)/math.Max(1, float64(timesteps-1))
		product *= 1 - root*root
		s.AlphasCumprod[t] = product
	}
	return s
}
