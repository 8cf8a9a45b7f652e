package diffusion

import (
	"encoding/json"
	"errors"
	"fmt"
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
	return modelconfig.Read(path, decodeScheduler)
}

func decodeScheduler(text []byte) (SchedulerConfig, error) {
	c := SchedulerConfig{Prediction: Epsilon, FinalSigmas: "zero"}
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
