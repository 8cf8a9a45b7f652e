package diffusion

import "math"

// How published schedulers spread steps over the timesteps (Lin et al. 2024,
// table 2). Halves are rounded to the even number, as numpy does.
const (
	leading  = "leading"  // from the first timestep up, in whole strides
	linspace = "linspace" // from the first to the last
	trailing = "trailing" // from the last timestep down
)

// spaced gives count timesteps from the noisiest down, unrounded if they are
// spaced from the first to the last.
func (c SchedulerConfig) spaced(spacing string, count int) []float64 {
	total := float64(c.Timesteps)
	timesteps := make([]float64, count)
	for i := range timesteps {
		switch spacing {
		case linspace:
			if count > 1 {
				timesteps[i] = (total - 1) * float64(count-1-i) / float64(count-1)
			}
		case trailing:
			timesteps[i] = math.RoundToEven(total-float64(i)*total/float64(count)) - 1
		default:
			timesteps[i] = float64((count-1-i)*(c.Timesteps/count) + c.StepsOffset)
		}
	}
	return timesteps
}

// rounded is timesteps as whole numbers.
func rounded(timesteps []float64) []int {
	out := make([]int, len(timesteps))
	for i, t := range timesteps {
		out[i] = int(math.RoundToEven(t))
	}
	return out
}

// ratioAt is sigma / alpha at a timestep, between two of the schedule's evenly
// mixed.
func (s Schedule) ratioAt(timestep float64) float64 {
	low := min(int(timestep), len(s.AlphasCumprod)-1)
	high := min(low+1, len(s.AlphasCumprod)-1)
	share := timestep - float64(low)
	return (1-share)*s.at(low).ratio() + share*s.at(high).ratio()
}

// timestepOf is the timestep with a ratio: between two of the schedule's mixed
// by the ratio's logarithm.
func (s Schedule) timestepOf(ratio float64) float64 {
	last := len(s.AlphasCumprod) - 1
	low := 0
	for low < last-1 && s.at(low+1).ratio() <= ratio {
		low++
	}
	if last == 0 {
		return 0
	}
	a, b := math.Log(s.at(low).ratio()), math.Log(s.at(low+1).ratio())
	share := math.Max(0, math.Min(1, (math.Log(ratio)-a)/(b-a)))
	return float64(low) + share
}

// karras spreads ratios evenly in their seventh root (Karras et al. 2022, eq. 5,
// rho = 7).
func karras(from, to float64, count int) []float64 {
	const rho = 7
	ratios := make([]float64, count)
	high, low := math.Pow(from, 1./rho), math.Pow(to, 1./rho)
	for i := range ratios {
		ratios[i] = math.Pow(high+float64(i)/math.Max(1, float64(count-1))*(low-high), rho)
	}
	return ratios
}
