package diffusion

import (
	"fmt"
	"math"
)

// Path is where a solver stands, from the noisiest timestep down. The network
// is asked at every place but the last, which is where the path ends: at Clean,
// or at a timestep.
type Path []int

// Clean is the end of a path at which no noise is left: the estimate of x_0.
const Clean = -1

// Timesteps spreads steps over the schedule evenly, from the last timestep
// down; the first is the noisiest ("trailing" spacing, Lin et al. 2024, table
// 2). A path ends after them: append(schedule.Timesteps(steps), Clean).
func (s Schedule) Timesteps(steps int) []int {
	total := len(s.AlphasCumprod)
	timesteps := make([]int, max(0, steps))
	for i := range timesteps {
		timesteps[i] = int(math.Round(float64(total)-float64(i)*float64(total)/float64(steps))) - 1
	}
	return timesteps
}

// Leading spreads steps evenly from timestep offset up and gives them from the
// noisiest down ("leading" spacing, Lin et al. 2024, table 2). Stable Diffusion
// v1 is sampled so, with offset 1; its DDIM path ends at timestep 0.
func (s Schedule) Leading(steps, offset int) []int {
	stride := len(s.AlphasCumprod) / max(1, steps)
	timesteps := make([]int, max(0, steps))
	for i := range timesteps {
		timesteps[i] = (steps-1-i)*stride + offset
	}
	return timesteps
}

// check refuses a path that does not lie in the schedule or does not fall: a
// step of no length has no direction.
func (p Path) check(s Schedule) error {
	total := len(s.AlphasCumprod)
	if len(p) < 2 {
		return fmt.Errorf("a solver needs at least one step")
	}
	if p[0] >= total || p[len(p)-1] < Clean {
		return fmt.Errorf("path %v does not lie in the schedule's timesteps 0 to %d", p, total-1)
	}
	for i, t := range p[1:] {
		if t >= p[i] {
			return fmt.Errorf("path goes from timestep %d to %d: too many steps for %d timesteps", p[i], t, total)
		}
	}
	return nil
}
