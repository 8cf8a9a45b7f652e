package diffusion

import "math"

// Linear is the schedule of Ho et al. 2020, section 4: betas rise evenly from
// start to end.
func Linear(start, end float64, timesteps int) Schedule {
	return ofBetas(timesteps, func(t int) float64 {
		return start + (end-start)*float64(t)/math.Max(1, float64(timesteps-1))
	})
}

// ScaledLinear is the schedule of latent diffusion (Rombach et al. 2022): the
// square roots of its betas rise evenly from that of start to that of end.
// Stable Diffusion v1 has start 0.00085, end 0.012 and 1000 timesteps.
func ScaledLinear(start, end float64, timesteps int) Schedule {
	low, high := math.Sqrt(start), math.Sqrt(end)
	return ofBetas(timesteps, func(t int) float64 {
		root := low + (high-low)*float64(t)/math.Max(1, float64(timesteps-1))
		return root * root
	})
}

// Cosine is the schedule of Nichol and Dhariwal 2021, eq. 17, with offset
// 0.008 and betas of at most 0.999.
func Cosine(timesteps int) Schedule {
	f := func(t float64) float64 {
		c := math.Cos((t/float64(timesteps) + 0.008) / 1.008 * math.Pi / 2)
		return c * c
	}
	return ofBetas(timesteps, func(t int) float64 {
		return math.Min(1-f(float64(t+1))/f(float64(t)), 0.999)
	})
}

// ofBetas is the schedule with given variances of the noise that is added at each
// timestep: AlphasCumprod[t] is the product of 1 - beta up to t (Ho et al. 2020,
// section 2).
func ofBetas(timesteps int, beta func(t int) float64) Schedule {
	s := Schedule{AlphasCumprod: make([]float64, timesteps)}
	product := 1.0
	for t := range timesteps {
		product *= 1 - beta(t)
		s.AlphasCumprod[t] = product
	}
	return s
}
