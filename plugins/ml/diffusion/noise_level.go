package diffusion

import "math"

// NoiseLevel says how much noise is in a batch: x = Alpha x_0 + Sigma noise. The
// levels of a Schedule preserve the variance, Alpha^2 + Sigma^2 = 1; the forward
// process does not ask for it, so those of flow matching (Alpha = 1 - Sigma) fit
// too.
type NoiseLevel struct {
	Timestep     float64 // what the network is told; a fraction between two timesteps
	Alpha, Sigma float64
}

// Noiseless is where a path ends at which no noise is left. No timestep of a
// schedule is so clean, and no network is evaluated there.
var Noiseless = NoiseLevel{Timestep: -1, Alpha: 1}

// ofRatio is the variance-preserving noise level with sigma / alpha = ratio.
func ofRatio(timestep, ratio float64) NoiseLevel {
	alpha := 1 / math.Sqrt(1+ratio*ratio)
	return NoiseLevel{Timestep: timestep, Alpha: alpha, Sigma: ratio * alpha}
}

// ratio is sigma / alpha, which Karras et al. 2022 call sigma.
func (l NoiseLevel) ratio() float64 { return l.Sigma / l.Alpha }

// logSNR is half the log signal-to-noise ratio, lambda = log(alpha / sigma).
func (l NoiseLevel) logSNR() float64 { return math.Log(l.Alpha / l.Sigma) }
