package diffusion

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
)

// SchedulerConfig is the scheduler_config.json of a published model: its noise
// schedule, and the habits of the solver that it was published with.
type SchedulerConfig struct {
	Class        string     `json:"_class_name"`
	Timesteps    int        `json:"num_train_timesteps"`
	BetaStart    float64    `json:"beta_start"`
	BetaEnd      float64    `json:"beta_end"`
	BetaSchedule string     `json:"beta_schedule"`
	Prediction   Prediction `json:"prediction_type"`
	Stepping
	SkipPRK    bool  `json:"skip_prk_steps"` // pndm starts without Runge-Kutta steps
	ClipSample *bool `json:"clip_sample"`    // cut predictions of x_0; nil: the solver's own

	// What does not change what we do.
	Ratio     json.RawMessage `json:"dynamic_thresholding_ratio"` // of thresholding
	SampleMax json.RawMessage `json:"sample_max_value"`           // of thresholding
	ClipRange json.RawMessage `json:"clip_sample_range"`          // of clip_sample
	Variance  json.RawMessage `json:"variance_type"`              // of a network that predicts it
	FlowShift json.RawMessage `json:"flow_shift"`                 // of use_flow_sigmas
}

// StableDiffusion1 is the configuration that Stable Diffusion v1 was published
// with.
func StableDiffusion1() SchedulerConfig {
	no := false
	return SchedulerConfig{
		Class: "PNDMScheduler", Timesteps: 1000, BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear",
		Prediction: Epsilon, Stepping: Stepping{StepsOffset: 1, AlphaToOne: &no}, SkipPRK: true, ClipSample: &no,
	}
}

// strangers are schedulers of diffusers that no solver here is. Their noise schedules
// are of the kinds that are read, and what else they say is for a solver that is
// asked for by name.
var strangers = []string{
	"DDPMScheduler", "DDPMParallelScheduler", "DDIMParallelScheduler", "UniPCMultistepScheduler", "LMSDiscreteScheduler",
	"DPMSolverSinglestepScheduler", "DPMSolverSDEScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "DEISMultistepScheduler",
}

func schedulerRules() config.Rules {
	rules := config.Rules{
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
	for _, row := range solvers {
		if row.class != "" {
			rules.Classes = append(rules.Classes, row.class)
		}
	}
	slices.Sort(rules.Classes)
	return rules
}

// rulesOf are the rules for a configuration. Of a stranger, keys of its solver alone
// say nothing to ours, and what every solver of diffusers shares is as for the others.
func rulesOf(text []byte) config.Rules {
	rules := schedulerRules()
	var file struct {
		Class string `json:"_class_name"`
	}
	json.Unmarshal(text, &file) // what is wrong with it, Decode says
	if slices.Contains(strangers, file.Class) {
		rules.Classes, rules.Others = append(rules.Classes, strangers...), true
		delete(rules.Only, "solver_type") // diffusers takes "midpoint" for the others' types
		delete(rules.Only, "algorithm_type")
	}
	return rules
}

// ReadSchedulerConfig reads a scheduler_config.json.
func ReadSchedulerConfig(path string) (SchedulerConfig, error) {
	return config.Read(path, decodeScheduler)
}

func decodeScheduler(text []byte) (SchedulerConfig, error) {
	c := SchedulerConfig{Prediction: Epsilon}
	if err := config.Decode(text, &c, rulesOf(text)); err != nil {
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
	oneOf("timestep_spacing", c.spacing(Leading), Leading, Linspace, Trailing)
	oneOf("final_sigmas_type", cmp.Or(c.FinalSigmas, "zero"), "zero", "sigma_min")
	if err := c.Prediction.Check(); err != nil {
		wrong = append(wrong, err)
	}
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

// Solver is the name of the solver that the model was published with; "" if it is
// none of ours.
func (c SchedulerConfig) Solver() string {
	for name, row := range solvers {
		if row.class != "" && row.class == c.Class {
			return name
		}
	}
	return ""
}

// Process is the model's process, for a solver. A configuration that the solver
// cannot honour is an error.
func (c SchedulerConfig) Process(solver string) (Process, error) {
	if solver == "" && slices.Contains(strangers, c.Class) {
		return Process{}, fmt.Errorf("the model's own solver, diffusers' %s, is not built here: name one, of %s", c.Class, strings.Join(SolverNames(), ", "))
	}
	row, err := solverNamed(solver)
	if err != nil {
		return Process{}, err
	}
	if row.refuses != nil {
		if err := row.refuses(c); err != nil {
			return Process{}, err
		}
	}
	p := Process{Schedule: c.Schedule(), Prediction: c.Prediction, Stepping: c.Stepping}
	p.Stepping.WholeStrides = true
	return p, nil
}

// clipping refuses configurations that cut predictions of x_0, which is for pixels;
// diffusers does not make the noise fit them as Denoiser.Clip does. byDefault says
// what an absent clip_sample means for the solver.
func clipping(byDefault bool) func(SchedulerConfig) error {
	return func(c SchedulerConfig) error {
		if c.ClipSample == nil && byDefault {
			return fmt.Errorf(`"clip_sample" is missing in the scheduler's configuration, which means true: latents are not clipped here, write false`)
		}
		if c.ClipSample != nil && *c.ClipSample {
			return fmt.Errorf(`"clip_sample" is true in the scheduler's configuration: latents are not clipped here, write false`)
		}
		return nil
	}
}
