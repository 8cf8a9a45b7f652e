package diffusion

import "math"

// place is where a solver stands: x = alpha x_0 + sigma noise, with alpha^2 +
// sigma^2 = 1, and the timestep that the network is told there. Between two
// timesteps it may be a fraction.
type place struct{ timestep, alpha, sigma float64 }

// noiseless is the place at Clean.
var noiseless = place{timestep: Clean, alpha: 1}

// at is the schedule's place at a timestep, or at Clean.
func (s Schedule) at(timestep int) place {
	return place{timestep: float64(timestep), alpha: s.Alpha(timestep), sigma: s.Sigma(timestep)}
}

// ofRatio is the place with sigma / alpha = ratio.
func ofRatio(timestep, ratio float64) place {
	alpha := 1 / math.Sqrt(1+ratio*ratio)
	return place{timestep: timestep, alpha: alpha, sigma: ratio * alpha}
}

// ratio is sigma / alpha, which other papers call sigma.
func (p place) ratio() float64 { return p.sigma / p.alpha }

// logSNR is half the log signal-to-noise ratio, lambda = log(alpha / sigma).
func (p place) logSNR() float64 { return math.Log(p.alpha / p.sigma) }

// places are those of a path.
func (s Schedule) places(path Path) []place {
	places := make([]place, len(path))
	for i, timestep := range path {
		places[i] = s.at(timestep)
	}
	return places
}

// step goes from one place to another. In published solvers the next step does
// not always begin where the last one ended.
type step struct{ from, to place }

// along are the steps of a path.
func along(places []place) []step {
	steps := make([]step, len(places)-1)
	for i := range steps {
		steps[i] = step{places[i], places[i+1]}
	}
	return steps
}

// estimate gives, at a place, estimates of x_0 and of the noise in noisy.
type estimate func(noisy []float32, at place) (clean, noise []float32, err error)

// whole is a Predict as an estimate. Its timesteps are whole numbers.
func whole(predict Predict) estimate {
	return func(noisy []float32, at place) ([]float32, []float32, error) { return predict(noisy, int(at.timestep)) }
}
