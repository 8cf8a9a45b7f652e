package diffusion

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// toyNetwork is the network of the golden runs as it is asked.
func toyNetwork(noisy []float32, timestep float64) ([]float32, error) {
	output := make([]float32, len(noisy))
	for i, x := range noisy {
		output[i] = float32(math.Sin(1.3*float64(x)+0.002*timestep)) + 0.1*x
	}
	return output, nil
}

// configOf is a golden run's configuration, as it would be in a file.
func configOf(t *testing.T, run goldenRun, changes map[string]any) SchedulerConfig {
	t.Helper()
	keys := map[string]any{}
	if err := json.Unmarshal(run.Config, &keys); err != nil {
		t.Fatal(err)
	}
	keys["_class_name"] = run.Scheduler
	for key, value := range changes {
		keys[key] = value
	}
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	c, err := decodeScheduler(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPublishedSolvers follows every run of diffusers' schedulers that we have a
// solver for, at every call of the network: with its configuration, the
// timesteps, what the network is given, and the result.
func TestPublishedSolvers(t *testing.T) {
	file, err := safetensors.Read("testdata/schedulers.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	initial, draws := file.Tensors["initial"].Data, file.Tensors["noise"].Data
	size := len(initial)
	runs := goldenRuns(t)
	checked := 0
	for tensor, want := range file.Tensors {
		name, version, _ := strings.Cut(tensor, "@")
		run, ok := runs[name]
		if !ok || run.Scheduler == "DDPMScheduler" {
			continue
		}
		changes := map[string]any{}
		if _, differs := file.Tensors[name+"@0.40.0"]; differs && version == "" && run.Scheduler == "DPMSolverMultistepScheduler" {
			// Before 0.21 or so the last step ended at timestep 0.
			changes["final_sigmas_type"] = "sigma_min"
			if strings.Contains(name, "karras") {
				continue // its places were rounded to timesteps; see TestSolversAgainstDiffusers
			}
		}
		checked++
		t.Run(tensor, func(t *testing.T) {
			c := configOf(t, run, changes)
			timesteps := run.Timesteps
			if version != "" && len(run.Newer) > 0 {
				timesteps = run.Newer
			}
			// Euler's entries are x / alpha.
			ratios := make([]float64, len(timesteps)+1)
			s := Sampling{Solver: c.Solver(), Steps: run.Steps, Eta: run.Arguments.Eta}
			process, err := c.Process(s.Solver)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(s.Solver, "euler") {
				_, path, err := process.path(s)
				if err != nil {
					t.Fatal(err)
				}
				for i, step := range path.Steps {
					ratios[i] = step.From.ratio()
				}
				if got := path.Start * math.Hypot(1, ratios[0]); math.Abs(got/run.Start-1) > 1e-5 {
					t.Errorf("noise is multiplied by %v at first, want %v", got, run.Start)
				}
			}
			calls, worst := 0, 0.0
			compare := func(got []float32) {
				row := want.Data[calls*size : (calls+1)*size]
				scale := 1.0
				for _, v := range row {
					scale = math.Max(scale, math.Abs(float64(v)))
				}
				for i, v := range got {
					difference := math.Abs(float64(v)*math.Hypot(1, ratios[calls])-float64(row[i])) / scale
					if !(difference < 1e-4) {
						t.Fatalf("after call %d: value %d is %v, want %v", calls, i, float64(v)*math.Hypot(1, ratios[calls]), row[i])
					}
					worst = math.Max(worst, difference)
				}
			}
			latents, drawn := slices.Clone(initial), 0
			err = process.Sample(latents, s, func(noisy []float32, timestep float64) ([]float32, error) {
				// A Karras ratio is looked up in a table of float32 there.
				if math.Abs(timestep-timesteps[calls]) > 2e-3 {
					t.Errorf("call %d is at timestep %v, want %v", calls, timestep, timesteps[calls])
				}
				compare(noisy)
				calls++
				return toyNetwork(noisy, timestep)
			}, func(out []float32) {
				copy(out, draws[drawn*size:(drawn+1)*size])
				drawn++
			})
			if err != nil {
				t.Fatal(err)
			}
			compare(latents)
			if calls != len(timesteps) {
				t.Errorf("%d calls, want %d", calls, len(timesteps))
			}
			t.Logf("relative to the largest value: %.2g", worst)
		})
	}
	if checked != 31 {
		t.Errorf("checked %d runs", checked)
	}
}

// TestPublishedSchedulerOfStableDiffusion reads the file as it is published.
func TestPublishedSchedulerOfStableDiffusion(t *testing.T) {
	c, err := ReadSchedulerConfig("../models/testdata/tiny-stable-diffusion/scheduler/scheduler_config.json")
	if err != nil {
		t.Fatal(err)
	}
	if c.Solver() != "pndm" || c.Timesteps != 1000 || c.StepsOffset != 1 || c.Prediction != Epsilon || c.AlphaToOne == nil || *c.AlphaToOne {
		t.Errorf("%+v", c)
	}
	// Every solver runs on it, and asks as often as it should.
	for _, solver := range SolverNames() {
		for _, steps := range []int{1, 2, 3, 4, 5, 30, 50} {
			calls := 0
			before := math.Inf(1)
			latents := []float32{0.3, -1}
			process, err := c.Process(solver)
			if err != nil {
				t.Fatal(err)
			}
			s := Sampling{Solver: solver, Steps: steps}
			err = process.Sample(latents, s, func(noisy []float32, timestep float64) ([]float32, error) {
				calls++
				if timestep > before || timestep < 0 || timestep > 999 {
					t.Errorf("%s in %d steps: timestep %v after %v", solver, steps, timestep, before)
				}
				before = timestep
				return make([]float32, len(noisy)), nil
			}, func(out []float32) { clear(out) })
			if want := calledIn(solver, steps); err != nil || calls != want {
				t.Errorf("%s in %d steps: %d calls, %v", solver, steps, calls, err)
			}
			if evaluations, err := process.Evaluations(s); err != nil || evaluations != calls {
				t.Errorf("%s in %d steps: %d evaluations are foreseen, %v; there are %d", solver, steps, evaluations, err, calls)
			}
			for _, v := range latents {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Errorf("%s in %d steps: %v", solver, steps, latents)
				}
			}
		}
	}
}

// TestRefusesSchedulers: what is not supported is named.
func TestRefusesSchedulers(t *testing.T) {
	const good = `{"_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
		"beta_schedule": "scaled_linear", "clip_sample": false, "lambda_min_clipped": -Infinity}`
	if _, err := decodeScheduler([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ from, to, want string }{
		{"DDIMScheduler", "UniPCMultistepScheduler", `"UniPCMultistepScheduler"`},
		{"scaled_linear", "sigmoid", `"beta_schedule" is "sigmoid"`},
		{`"clip_sample"`, `"prediction_type": "sample", "clip_sample"`, `"prediction_type" is "sample"`},
		{`"clip_sample"`, `"timestep_spacing": "even", "clip_sample"`, `"timestep_spacing" is "even"`},
		{`"clip_sample"`, `"thresholding": true, "clip_sample"`, `"thresholding" is true`},
		{`"clip_sample"`, `"solver_order": 3, "clip_sample"`, `"solver_order" is 3`},
		{`"clip_sample"`, `"trained_betas": [0.1], "clip_sample"`, `"trained_betas" is [0.1]`},
		{`"clip_sample"`, `"shape": 1, "clip_sample"`, `"shape" is 1: this key`},
		{"0.012", "0.0001", "betas go from"},
		{"1000", "1", `"num_train_timesteps" must be`},
	} {
		_, err := decodeScheduler([]byte(strings.Replace(good, test.from, test.to, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %s", test.to, err, test.want)
		}
	}
	path := filepath.Join(t.TempDir(), "scheduler_config.json")
	if _, err := ReadSchedulerConfig(path); err == nil || !strings.Contains(err.Error(), "No "+filepath.Base(path)) {
		t.Errorf("error %v does not name the file", err)
	}
	if err := os.WriteFile(path, []byte(`{}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSchedulerConfig(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the file", err)
	}
	c, err := decodeScheduler([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	unclipped := c.ClipSample
	short := func(noisy []float32, _ float64) ([]float32, error) { return noisy[1:], nil }
	for _, test := range []struct {
		s    Sampling
		clip *bool
		want string
	}{
		{Sampling{Solver: "ddim", Steps: 0}, unclipped, "at least one step"},
		{Sampling{Solver: "ddim", Steps: 1001}, unclipped, "do not fit"},
		{Sampling{Solver: "euler", Steps: 1001}, unclipped, "do not fit"},
		{Sampling{Solver: "dpmpp_2m", Steps: 1001}, unclipped, "do not fit"},
		{Sampling{Solver: "ddim", Steps: 3, Eta: 2}, unclipped, "eta is 2"},
		{Sampling{Solver: "euler", Steps: 3, Eta: 1}, unclipped, "0 to 1 for ddim, and 0 for other solvers"},
		{Sampling{Solver: "ddim", Steps: 3}, nil, `"clip_sample" is missing`},
		{Sampling{Solver: "ddim", Steps: 3}, new(true), `"clip_sample" is true`},
		{Sampling{Solver: "heun", Steps: 3}, new(true), `"clip_sample" is true`},
		{Sampling{Solver: "heun", Steps: 3}, nil, "gave 1 numbers for 2"},
		{Sampling{Solver: "pndm", Steps: 3}, unclipped, "skip_prk_steps"},
		{Sampling{Solver: "eular", Steps: 3}, unclipped, fmt.Sprint(SolverNames())},
		{Sampling{Solver: "euler_ancestral", Steps: 3}, unclipped, "nothing draws it"},
		{Sampling{Solver: "ddim", Steps: 3}, unclipped, "gave 1 numbers for 2"},
	} {
		c.ClipSample = test.clip
		process, err := c.Process(test.s.Solver)
		if err == nil {
			err = process.Sample([]float32{1, 2}, test.s, short, nil)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want one that says %s", test.s, err, test.want)
		}
	}
	process := Process{Schedule: Cosine(10), Prediction: "sample"}
	if err := process.Sample([]float32{1}, Sampling{Solver: "ddim", Steps: 3}, short, nil); err == nil || !strings.Contains(err.Error(), "prediction_type") {
		t.Errorf("an unknown prediction: error %v", err)
	}
}
