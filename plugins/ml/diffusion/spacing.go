package diffusion

import (
	"fmt"
	"math"
	"slices"
)

// Spacing puts a solver's steps on a noise schedule. There is at least one step;
// more than there is room for are an error.
type Spacing func(schedule Schedule, s Stepping, steps int) (Path, error)

// Path is where a solver stands, from the noisiest level down.
type Path struct {
	Steps []Step
	// Start is what standard normal noise is multiplied by to be the batch at the
	// first noise level.
	Start float64
	// Finish is what the batch at the last noise level is multiplied by; 0 is 1.
	Finish float64
	// LowerFinal makes the last step one of first order, wherever it ends.
	LowerFinal bool
}

// Step goes from one noise level to another. In published solvers the next step
// does not always begin where the last one ended.
type Step struct{ From, To NoiseLevel }

// Stepping is what a Spacing may be told, by the keys of published configurations.
// Where it is silent, each solver has a default of its own.
type Stepping struct {
	Spacing     string `json:"timestep_spacing"`  // leading, linspace or trailing
	StepsOffset int    `json:"steps_offset"`      // timestep at which leading spacing begins
	AlphaToOne  *bool  `json:"set_alpha_to_one"`  // ddim and pndm: the last step ends at no noise, not at timestep 0
	Karras      bool   `json:"use_karras_sigmas"` // but for ddim and pndm: even in the spacing of Karras et al. 2022
	FinalSigmas string `json:"final_sigmas_type"` // dpmpp_2m and euler end at "zero" noise, or at "sigma_min", timestep 0; "": zero
	LowerFinal  *bool  `json:"lower_order_final"` // dpmpp_2m: in fewer than 15 steps the last is of first order; nil: true
	// LambdaMin leaves out timesteps of dpmpp_2m with log(alpha / sigma) below it, as is
	// needed for schedules that end in nearly pure noise; nil: none. Karras's spacing
	// has all.
	LambdaMin *float64 `json:"lambda_min_clipped"`
	// WholeStrides has the steps of ddim and pndm go down by the number of
	// timesteps divided by that of steps, rounded down, as diffusers does. That is
	// where the next step begins only if the division has no rest.
	WholeStrides bool `json:"-"`
}

// How steps are spread over timesteps (Lin et al. 2024, table 2).
const (
	Leading  = "leading"  // from the first timestep up, in whole strides
	Linspace = "linspace" // from the first to the last
	Trailing = "trailing" // from the last timestep down
)

// ddimSpacing ends at no noise by default.
func ddimSpacing(schedule Schedule, s Stepping, steps int) (Path, error) {
	return strides(schedule, s, steps, true)
}

// pndmSpacing ends at timestep 0 by default, and has the first step twice: the
// second one ends where the next begins, and begins a whole stride above.
func pndmSpacing(schedule Schedule, s Stepping, steps int) (Path, error) {
	path, err := strides(schedule, s, steps, false)
	if err != nil || len(path.Steps) < 2 {
		return path, err
	}
	again := Step{path.Steps[0].From, path.Steps[1].From}
	if s.WholeStrides {
		above := int(again.To.Timestep) + schedule.Timesteps()/steps
		again.From = schedule.At(min(above, schedule.Timesteps()-1))
	}
	path.Steps = slices.Insert(path.Steps, 1, again)
	return path, nil
}

// strides are the steps of ddim and pndm, at whole timesteps.
func strides(schedule Schedule, s Stepping, count int, alphaToOne bool) (Path, error) {
	timesteps := rounded(s.spread(Leading, schedule.Timesteps(), schedule.Timesteps(), count))
	if err := s.within(timesteps, schedule); err != nil {
		return Path{}, err
	}
	if s.AlphaToOne != nil {
		alphaToOne = *s.AlphaToOne
	}
	end := schedule.At(0)
	if alphaToOne {
		end = Noiseless
	}
	levels := append(schedule.along(timesteps), end)
	path := Path{Steps: between(levels), Start: 1}
	if s.WholeStrides {
		stride := schedule.Timesteps() / count
		for i, t := range timesteps {
			path.Steps[i].To = end
			if t >= stride {
				path.Steps[i].To = schedule.At(t - stride)
			}
		}
	}
	return path, nil
}

// dpmppSpacing stands at whole timesteps.
func dpmppSpacing(schedule Schedule, s Stepping, steps int) (Path, error) {
	total := schedule.Timesteps()
	var levels []NoiseLevel
	if s.Karras {
		for _, ratio := range karras(schedule.At(total-1).ratio(), schedule.At(0).ratio(), steps) {
			levels = append(levels, ofRatio(math.RoundToEven(schedule.timestepOf(ratio)), ratio))
		}
	} else {
		count := steps
		if s.spacing(Linspace) != Trailing { // the last of one step more is left out
			count++
		}
		timesteps := rounded(s.spread(Linspace, total, s.unclipped(schedule), count))
		timesteps = timesteps[:min(steps, len(timesteps))]
		steps = len(timesteps)
		if err := s.within(timesteps, schedule); err != nil {
			return Path{}, err
		}
		levels = schedule.along(timesteps)
	}
	end := Noiseless
	if s.FinalSigmas == "sigma_min" {
		end = schedule.At(0)
	}
	return Path{
		Steps: between(append(levels, end)), Start: 1,
		LowerFinal: (s.LowerFinal == nil || *s.LowerFinal) && steps < 15,
	}, nil
}

// unclipped is how many timesteps, from 0 up, are not noisier than LambdaMin.
func (s Stepping) unclipped(schedule Schedule) int {
	last := schedule.Timesteps()
	if s.LambdaMin == nil {
		return last
	}
	for last > 1 && schedule.At(last-1).logSNR() < *s.LambdaMin {
		last--
	}
	return last
}

// eulerSpacing is ratioSpacing, and may end at the first timestep's noise: then what
// comes out is y = x / alpha, as in diffusers.
func eulerSpacing(schedule Schedule, s Stepping, steps int) (Path, error) {
	path, err := ratioSpacing(schedule, s, steps)
	if err == nil && s.FinalSigmas == "sigma_min" {
		end := schedule.At(0)
		path.Steps[len(path.Steps)-1].To = end
		path.Finish = 1 / end.Alpha
	}
	return path, err
}

// ratioSpacing stands at ratios sigma / alpha, between timesteps if they are
// there, and ends at no noise.
func ratioSpacing(schedule Schedule, s Stepping, steps int) (Path, error) {
	timesteps := s.spread(Linspace, schedule.Timesteps(), schedule.Timesteps(), steps)
	if err := s.within(rounded(timesteps), schedule); err != nil {
		return Path{}, err
	}
	var levels []NoiseLevel
	for _, t := range timesteps {
		levels = append(levels, ofRatio(t, schedule.ratioAt(t)))
	}
	if s.Karras {
		for i, ratio := range karras(levels[0].ratio(), levels[steps-1].ratio(), steps) {
			levels[i] = ofRatio(schedule.timestepOf(ratio), ratio)
		}
	}
	// In y = x / alpha the noise is given the first ratio, as if there were no
	// image behind it; that of leading spacing is small, and given its due.
	start := levels[0].Sigma
	if s.spacing(Linspace) == Leading {
		start = 1
	}
	return Path{Steps: between(append(levels, Noiseless)), Start: start}, nil
}

// spacing is what the Stepping says, or else the solver's own.
func (s Stepping) spacing(own string) string {
	if s.Spacing != "" {
		return s.Spacing
	}
	return own
}

// spread gives count timesteps from the noisiest down, by default in the solver's
// own spacing; those that are spaced from the first to the last are not rounded.
// They begin with the last of the timesteps that are used; trailing ones, whose
// strides are those of the whole schedule, are then fewer. Halves are rounded to the
// even number, as numpy does.
func (s Stepping) spread(own string, timesteps, used, count int) []float64 {
	total, last := float64(timesteps), float64(used)
	length := count
	if s.spacing(own) == Trailing {
		length = (used*count + timesteps - 1) / timesteps
	}
	out := make([]float64, length)
	for i := range out {
		switch s.spacing(own) {
		case Linspace:
			if count > 1 {
				out[i] = (last - 1) * float64(count-1-i) / float64(count-1)
			}
		case Trailing:
			out[i] = math.RoundToEven(last-float64(i)*total/float64(count)) - 1
		default:
			out[i] = float64((count-1-i)*(used/count) + s.StepsOffset)
		}
	}
	return out
}

// within refuses timesteps that are not in the schedule or do not fall: a step of
// no length has no direction.
func (s Stepping) within(timesteps []int, schedule Schedule) error {
	for i, t := range timesteps {
		if t < 0 || t >= schedule.Timesteps() || i > 0 && t >= timesteps[i-1] {
			offset := ""
			if s.StepsOffset != 0 {
				offset = fmt.Sprintf(" with %q %d", "steps_offset", s.StepsOffset)
			}
			return fmt.Errorf("%d steps%s do not fit into %d timesteps", len(timesteps), offset, schedule.Timesteps())
		}
	}
	return nil
}

// rounded is timesteps as whole numbers, halves to the even one.
func rounded(timesteps []float64) []int {
	out := make([]int, len(timesteps))
	for i, t := range timesteps {
		out[i] = int(math.RoundToEven(t))
	}
	return out
}

// along are the noise levels at timesteps.
func (s Schedule) along(timesteps []int) []NoiseLevel {
	levels := make([]NoiseLevel, len(timesteps))
	for i, timestep := range timesteps {
		levels[i] = s.At(timestep)
	}
	return levels
}

// between are the steps from each noise level to the next.
func between(levels []NoiseLevel) []Step {
	steps := make([]Step, len(levels)-1)
	for i := range steps {
		steps[i] = Step{levels[i], levels[i+1]}
	}
	return steps
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
