// Package diffusion holds what a diffusion model is sampled and trained with:
// noise schedules and solvers (one a file).
//
// It works on plain float32 slices: a network is a function from a noisy
// batch and a timestep to a prediction. The package refuses to know what the
// numbers are, pixels or latents, and where the network runs.
package diffusion

import "math"

// Schedule is a variance-preserving noise schedule on discrete timesteps:
// x_t = sqrt(AlphasCumprod[t]) x_0 + sqrt(1 - AlphasCumprod[t]) noise (Ho et
// al. 2020, eq. 4).
type Schedule struct {
	AlphasCumprod []float64 // by timestep, falling from near 1
}

// Cosine is the schedule of Nichol and Dhariwal 2021, eq. 17, with offset
// 0.008 and betas of at most 0.999.
func Cosine(timesteps int) Schedule {
	f := func(t float64) float64 {
		c := math.Cos((t/float64(timesteps) + 0.008) / 1.008 * math.Pi / 2)
		return c * c
	}
	s := Schedule{AlphasCumprod: make([]float64, timesteps)}
	product := 1.0
	for t := range timesteps {
		beta := math.Min(1-f(float64(t+1))/f(float64(t)), 0.999)
		product *= 1 - beta
		s.AlphasCumprod[t] = product
	}
	return s
}

// Alpha is the share of the image in x_t: sqrt(AlphasCumprod[t]), 1 at Clean.
func (s Schedule) Alpha(t int) float64 {
	if t == Clean {
		return 1
	}
	return math.Sqrt(s.AlphasCumprod[t])
}

// Sigma is the share of the noise in x_t: sqrt(1 - AlphasCumprod[t]), 0 at
// Clean.
func (s Schedule) Sigma(t int) float64 {
	if t == Clean {
		return 0
	}
	return math.Sqrt(1 - s.AlphasCumprod[t])
}

// Noisier is the schedule with every signal-to-noise ratio alpha / sigma divided
// by factor: lambda falls by log(factor), and uniform timesteps dwell where
// large things are decided (Hoogeboom et al. 2023, section 3.1).
func (s Schedule) Noisier(factor float64) Schedule {
	noisier := Schedule{AlphasCumprod: make([]float64, len(s.AlphasCumprod))}
	for t, a := range s.AlphasCumprod {
		// alpha^2 / sigma^2 = a / (1 - a), divided by the factor's square.
		noisier.AlphasCumprod[t] = a / (a + factor*factor*(1-a))
	}
	return noisier
}
