package diffusion

import "math"

// Schedule is a variance-preserving noise schedule on discrete timesteps:
// x_t = sqrt(AlphasCumprod[t]) x_0 + sqrt(1 - AlphasCumprod[t]) noise (Ho et
// al. 2020, eq. 4).
type Schedule struct {
	AlphasCumprod []float64 // by timestep, falling from near 1
}

// Timesteps is the number of timesteps.
func (s Schedule) Timesteps() int { return len(s.AlphasCumprod) }

// At is the noise level at a timestep, 0 to Timesteps - 1.
func (s Schedule) At(timestep int) NoiseLevel {
	a := s.AlphasCumprod[timestep]
	return NoiseLevel{Timestep: float64(timestep), Alpha: math.Sqrt(a), Sigma: math.Sqrt(1 - a)}
}

// Noisier is the schedule with every signal-to-noise ratio alpha / sigma divided
// by factor: lambda falls by log(factor), and uniform timesteps dwell where
// large things are decided (Hoogeboom et al. 2023, section 3.1).
func (s Schedule) Noisier(factor float64) Schedule {
	noisier := Schedule{AlphasCumprod: make([]float64, s.Timesteps())}
	for t, a := range s.AlphasCumprod {
		// alpha^2 / sigma^2 = a / (1 - a), divided by the factor's square.
		noisier.AlphasCumprod[t] = a / (a + factor*factor*(1-a))
	}
	return noisier
}

// ratioAt is sigma / alpha at a timestep, interpolated linearly between two of
// the schedule's.
func (s Schedule) ratioAt(timestep float64) float64 {
	low := min(int(timestep), s.Timesteps()-1)
	high := min(low+1, s.Timesteps()-1)
	share := timestep - float64(low)
	return (1-share)*s.At(low).ratio() + share*s.At(high).ratio()
}

// timestepOf is the timestep with a ratio sigma / alpha, interpolated between two
// of the schedule's linearly in the ratio's logarithm.
func (s Schedule) timestepOf(ratio float64) float64 {
	last := s.Timesteps() - 1
	low := 0
	for low < last-1 && s.At(low+1).ratio() <= ratio {
		low++
	}
	if last == 0 {
		return 0
	}
	a, b := math.Log(s.At(low).ratio()), math.Log(s.At(low+1).ratio())
	share := math.Max(0, math.Min(1, (math.Log(ratio)-a)/(b-a)))
	return float64(low) + share
}
