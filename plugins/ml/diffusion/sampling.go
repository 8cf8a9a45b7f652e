package diffusion

import (
	"fmt"
	"math"
	"slices"
)

// Sampling is one way to sample a published model.
type Sampling struct {
	Solver  string // one of PublishedSolverNames
	Steps   int
	Eta     float64 // of ddim: the share of fresh noise, 0 to 1
	Network Network
	// Normal fills out, as long as the latents, with standard normal noise; it
	// is needed by euler_ancestral and by ddim with an eta, once a step.
	Normal func(out []float32)
}

// Sample turns standard normal noise in latents into what the model makes of
// it. The network is asked at the places, and told the timesteps, of diffusers.
func (c SchedulerConfig) Sample(latents []float32, s Sampling) error {
	if s.Steps < 1 {
		return fmt.Errorf("a solver needs at least one step, not %d", s.Steps)
	}
	if s.Eta < 0 || s.Eta > 1 || s.Eta != 0 && s.Solver != SolverDDIM {
		return fmt.Errorf("eta is %v: it is 0 to 1 for ddim, and 0 for %s", s.Eta, s.Solver)
	}
	predict := s.Network.reading(c.Prediction)
	switch s.Solver {
	case SolverDDIM:
		if c.ClipSample == nil || *c.ClipSample {
			return fmt.Errorf(`"clip_sample" is true in the scheduler's configuration, or missing, which means the same: ddim does not clip latents, write false`)
		}
		steps, err := c.strides(rounded(c.spaced(c.spacing(leading), s.Steps)), true)
		if err != nil {
			return err
		}
		return ddim(steps, s.Eta, latents, predict, s.Normal)
	case SolverPNDM:
		if !c.SkipPRK {
			return fmt.Errorf(`"skip_prk_steps" is false in the scheduler's configuration, or missing: pndm has no Runge-Kutta steps, write true`)
		}
		steps, err := c.strides(rounded(c.spaced(c.spacing(leading), s.Steps)), false)
		if err != nil {
			return err
		}
		return pndm(c.again(steps), latents, s.Network, c.Prediction)
	case SolverDPMPP2M:
		places, err := c.multistepPlaces(s.Steps)
		if err != nil {
			return err
		}
		lowerLast := (c.LowerFinal == nil || *c.LowerFinal) && s.Steps < 15
		return dpmpp2m(places, lowerLast, latents, predict)
	case SolverEuler, SolverEulerAncestral:
		places, start, err := c.eulerPlaces(s.Steps)
		if err != nil {
			return err
		}
		for i := range latents {
			latents[i] *= float32(start)
		}
		return euler(places, s.Solver == SolverEulerAncestral, latents, predict, s.Normal)
	}
	return fmt.Errorf("unknown solver %q: one of %v", s.Solver, PublishedSolverNames())
}

// Check is the error that Sample would give for its settings alone, before a
// network is there to be asked.
func (c SchedulerConfig) Check(solver string, steps int) error {
	return c.Sample(make([]float32, 1), Sampling{
		Solver: solver, Steps: steps,
		Network: func(noisy []float32, _ float64) ([]float32, error) { return make([]float32, len(noisy)), nil },
		Normal:  func([]float32) {},
	})
}

// strides are the steps of ddim and pndm. Both go from a timestep down by one
// whole stride, which is where the next step begins only if strides are even.
func (c SchedulerConfig) strides(timesteps []int, alphaToOne bool) ([]step, error) {
	if err := c.within(timesteps); err != nil {
		return nil, err
	}
	if c.AlphaToOne != nil {
		alphaToOne = *c.AlphaToOne
	}
	schedule := c.Schedule()
	end := schedule.at(0)
	if alphaToOne {
		end = noiseless
	}
	stride := c.Timesteps / len(timesteps)
	steps := make([]step, len(timesteps))
	for i, t := range timesteps {
		steps[i] = step{from: schedule.at(t), to: end}
		if t >= stride {
			steps[i].to = schedule.at(t - stride)
		}
	}
	return steps, nil
}

// again is steps with the first one twice, as pndm has it: the second ends where
// the next step begins, and begins a whole stride above.
func (c SchedulerConfig) again(steps []step) []step {
	if len(steps) < 2 {
		return steps
	}
	end := steps[1].from
	above := min(int(end.timestep)+c.Timesteps/len(steps), c.Timesteps-1)
	return slices.Insert(slices.Clone(steps), 1, step{c.Schedule().at(above), end})
}

// multistepPlaces are those of dpmpp_2m, the end included.
func (c SchedulerConfig) multistepPlaces(steps int) ([]place, error) {
	schedule := c.Schedule()
	var places []place
	if c.Karras {
		for _, ratio := range karras(schedule.at(c.Timesteps-1).ratio(), schedule.at(0).ratio(), steps) {
			places = append(places, ofRatio(math.RoundToEven(schedule.timestepOf(ratio)), ratio))
		}
	} else {
		timesteps := rounded(c.spaced(trailing, steps))
		if spacing := c.spacing(linspace); spacing != trailing { // the last of one step more is left out
			timesteps = rounded(c.spaced(spacing, steps+1))[:steps]
		}
		if err := c.within(timesteps); err != nil {
			return nil, err
		}
		places = schedule.places(timesteps)
	}
	if c.FinalSigmas == "sigma_min" {
		return append(places, schedule.at(0)), nil
	}
	return append(places, noiseless), nil
}

// eulerPlaces are those of euler, the end included, and what standard normal
// noise is multiplied by at the first.
func (c SchedulerConfig) eulerPlaces(steps int) (places []place, start float64, err error) {
	spacing := c.spacing(linspace)
	timesteps := c.spaced(spacing, steps)
	if err := c.within(rounded(timesteps)); err != nil {
		return nil, 0, err
	}
	schedule := c.Schedule()
	for _, t := range timesteps {
		places = append(places, ofRatio(t, schedule.ratioAt(t)))
	}
	if c.Karras {
		for i, ratio := range karras(places[0].ratio(), places[steps-1].ratio(), steps) {
			places[i] = ofRatio(schedule.timestepOf(ratio), ratio)
		}
	}
	// In y = x / alpha the noise is given the first ratio, as if there were no
	// image behind it; that of leading spacing is small, and given its due.
	start = places[0].sigma
	if spacing == leading {
		start = 1
	}
	return append(places, noiseless), start, nil
}

// within refuses timesteps that are not in the schedule or do not fall.
func (c SchedulerConfig) within(timesteps []int) error {
	for i, t := range timesteps {
		if t < 0 || t >= c.Timesteps || i > 0 && t >= timesteps[i-1] {
			return fmt.Errorf("%d steps with %q %d do not fit into %d timesteps", len(timesteps), "steps_offset", c.StepsOffset, c.Timesteps)
		}
	}
	return nil
}
