package diffusion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/modelconfig"
)

// SchedulerConfig is the scheduler_config.json of a published model: its noise
// schedule, and the habits of the solver that it was published with. Where it is
// silent, each solver has a default of its own.
type SchedulerConfig struct {
	Class        string  `json:"_class_name"`
	Timesteps    int     `json:"num_train_timesteps"`
	BetaStart    float64 `json:"beta_start"`
	BetaEnd      float64 `json:"beta_end"`
	BetaSchedule string  `json:"beta_schedule"`
	Prediction   string  `json:"prediction_type"`
	Spacing      string  `json:"timestep_spacing"`  // "": the solver's own
	StepsOffset  int     `json:"steps_offset"`      // of leading spacing
	AlphaToOne   *bool   `json:"set_alpha_to_one"`  // the last step ends at no noise, not at timestep 0
	SkipPRK      bool    `json:"skip_prk_steps"`    // PNDM starts without Runge-Kutta steps
	Karras       bool    `json:"use_karras_sigmas"` // for dpmpp_2m and euler
	FinalSigmas  string  `json:"final_sigmas_type"` // where dpmpp_2m ends: "zero" noise or "sigma_min", timestep 0
	LowerFinal   *bool   `json:"lower_order_final"` // dpmpp_2m: in fewer than 15 steps the last is of first order
	ClipSample   *bool   `json:"clip_sample"`       // DDIM

	// What does not change what we do.
	Ratio     json.RawMessage `json:"dynamic_thresholding_ratio"` // of thresholding
	SampleMax json.RawMessage `json:"sample_max_value"`           // of thresholding
	ClipRange json.RawMessage `json:"clip_sample_range"`          // of clip_sample
	LambdaMin json.RawMessage `json:"lambda_min_clipped"`         // of another beta schedule
	Variance  json.RawMessage `json:"variance_type"`              // of a network that predicts it
	FlowShift json.RawMessage `json:"flow_shift"`                 // of use_flow_sigmas
}

// Solvers of published models.
const (
	SolverDDIM           = "ddim"
	SolverPNDM           = "pndm"
	SolverDPMPP2M        = "dpmpp_2m"
	SolverEuler          = "euler"
	SolverEulerAncestral = "euler_ancestral"
)

// classes are what diffusers calls the solvers.
var classes = map[string]string{
	"DDIMScheduler":                   SolverDDIM,
	"PNDMScheduler":                   SolverPNDM,
	"DPMSolverMultistepScheduler":     SolverDPMPP2M,
	"EulerDiscreteScheduler":          SolverEuler,
	"EulerAncestralDiscreteScheduler": SolverEulerAncestral,
}

// PublishedSolverNames lists the solvers that a published model can be sampled
// with, sorted.
func PublishedSolverNames() []string {
	var names []string
	for _, name := range classes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func schedulerRules() modelconfig.Rules {
	rules := modelconfig.Rules{
		ClassKey: "_class_name",
		Required: []string{"num_train_timesteps", "beta_start", "beta_end", "beta_schedule"},
		Only: map[string]any{
			"trained_betas": nil, "thresholding": false, "rescale_betas_zero_snr": false,
			"algorithm_type": "dpmsolver++", "solver_order": 2, "solver_type": "midpoint", "euler_at_final": false,
			"use_exponential_sigmas": false, "use_beta_sigmas": false, "use_lu_lambdas": false, "use_flow_sigmas": false,
			"interpolation_type": "linear", "timestep_type": "discrete", "sigma_min": nil, "sigma_max": nil,
			"use_dynamic_shifting": false, "time_shift_type": "exponential",
		},
	}
	for class := range classes {
		rules.Classes = append(rules.Classes, class)
	}
	slices.Sort(rules.Classes)
	return rules
}

// ReadSchedulerConfig reads a scheduler_config.json.
func ReadSchedulerConfig(path string) (SchedulerConfig, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return SchedulerConfig{}, fmt.Errorf("read configuration: %w", err)
	}
	c, err := decodeScheduler(text)
	if err != nil {
		return SchedulerConfig{}, fmt.Errorf("read configuration %s: %w", path, err)
	}
	return c, nil
}

func decodeScheduler(text []byte) (SchedulerConfig, error) {
	c := SchedulerConfig{Prediction: Epsilon, FinalSigmas: "zero"}
	// Python writes an infinity that is no JSON; here it stands for no bound.
	text = bytes.ReplaceAll(text, []byte(": -Infinity"), []byte(": null"))
	if err := modelconfig.Decode(text, &c, schedulerRules()); err != nil {
		return SchedulerConfig{}, err
	}
	return c, c.check()
}

func (c SchedulerConfig) check() error {
	var wrong []error
	oneOf := func(key, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			wrong = append(wrong, fmt.Errorf("%q is %q: supported are %s", key, value, strings.Join(allowed, ", ")))
		}
	}
	oneOf("beta_schedule", c.BetaSchedule, "scaled_linear", "linear", "squaredcos_cap_v2")
	oneOf("prediction_type", c.Prediction, Epsilon, Velocity)
	oneOf("timestep_spacing", c.spacing(leading), leading, linspace, trailing)
	oneOf("final_sigmas_type", c.FinalSigmas, "zero", "sigma_min")
	if c.Timesteps < 2 {
		wrong = append(wrong, fmt.Errorf("%q must be at least 2 and is %d", "num_train_timesteps", c.Timesteps))
	}
	if c.StepsOffset < 0 {
		wrong = append(wrong, fmt.Errorf("%q must not be negative and is %d", "steps_offset", c.StepsOffset))
	}
	if !(0 < c.BetaStart && c.BetaStart <= c.BetaEnd && c.BetaEnd < 1) {
		wrong = append(wrong, fmt.Errorf("betas go from %v to %v: they must rise between 0 and 1", c.BetaStart, c.BetaEnd))
	}
	return errors.Join(wrong...)
}

// Schedule is the model's noise schedule.
func (c SchedulerConfig) Schedule() Schedule {
	switch c.BetaSchedule {
	case "linear":
		return Linear(c.BetaStart, c.BetaEnd, c.Timesteps)
	case "squaredcos_cap_v2":
		return Cosine(c.Timesteps)
	}
	return ScaledLinear(c.BetaStart, c.BetaEnd, c.Timesteps)
}

// Solver is the solver that the model was published with.
func (c SchedulerConfig) Solver() string { return classes[c.Class] }

// spacing is the configuration's, or else the solver's own.
func (c SchedulerConfig) spacing(own string) string {
	if c.Spacing != "" {
		return c.Spacing
	}
	return own
}

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
