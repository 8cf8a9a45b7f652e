package diffusion

import "math"

// Linear is the schedule of Ho et al. 2020, section 4: betas rise evenly from
// start to end.
func Linear(start, end float64, timesteps int) Schedule {
	s := Schedule{AlphasCumprod: make([]float64, timesteps)}
	product := 1.0
	for t := range timesteps {
		product *= 1 - (start + (end-start)*float64(t)/math.Max(1, float64(timesteps-1)))
		s.AlphasCumprod[t] = product
	}
	return s
}
