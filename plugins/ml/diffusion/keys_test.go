package diffusion

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// keyRun is a run of a scheduler of diffusers (testdata/golden.py).
type keyRun struct {
	Class     string
	Config    map[string]any
	Steps     int
	Timesteps []float64
	Out       []float64
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sampled runs a configuration's own solver on the toy network, and returns what it
// was asked at and what came out.
func sampled(t *testing.T, text []byte, steps int) (timesteps []float64, out []float32) {
	t.Helper()
	c, err := decodeScheduler(text)
	if err != nil {
		t.Fatal(err)
	}
	process, err := c.Process(c.Solver())
	if err != nil {
		t.Fatal(err)
	}
	out = make([]float32, 16)
	for i := range out {
		out[i] = float32(1.5 * math.Sin(1.7*float64(i)+0.3))
	}
	if err := process.Sample(out, Sampling{Solver: c.Solver(), Steps: steps}, func(noisy []float32, timestep float64) ([]float32, error) {
		timesteps = append(timesteps, timestep)
		return toyNetwork(noisy, timestep)
	}, nil); err != nil {
		t.Fatal(err)
	}
	return timesteps, out
}

// near reports whether values agree within a part of the largest.
func near(got []float32, want []float64, part float64) (worst float64, ok bool) {
	largest := 0.
	for i, v := range want {
		worst, largest = max(worst, math.Abs(v-float64(got[i]))), max(largest, math.Abs(v))
	}
	return worst / largest, len(got) == len(want) && worst <= part*largest
}

// TestKeysOfSchedulers follows diffusers where a key says where a solver stands, and
// where it ends.
func TestKeysOfSchedulers(t *testing.T) {
	var runs []keyRun
	readJSON(t, "testdata/keys.json", &runs)
	if len(runs) != 81 {
		t.Fatalf("%d runs", len(runs))
	}
	for _, run := range runs {
		run.Config["_class_name"] = run.Class
		text, err := json.Marshal(run.Config)
		if err != nil {
			t.Fatal(err)
		}
		timesteps, out := sampled(t, text, run.Steps)
		if len(timesteps) != len(run.Timesteps) {
			t.Errorf("%s in %d steps: at %v, want %v", text, run.Steps, timesteps, run.Timesteps)
			continue
		}
		for i, want := range run.Timesteps {
			if math.Abs(timesteps[i]-want) > 2e-3 {
				t.Errorf("%s in %d steps: at %v, want %v", text, run.Steps, timesteps, run.Timesteps)
				break
			}
		}
		if worst, ok := near(out, run.Out, 2e-5); !ok {
			t.Errorf("%s in %d steps: off by %.1e of the largest", text, run.Steps, worst)
		}
	}
}

// TestSchedulerCases: files as people have them (testdata/cases).
func TestSchedulerCases(t *testing.T) {
	file := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join("testdata/cases", name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var euler map[string]struct{ Timesteps, Sigmas []float64 }
	readJSON(t, "testdata/cases/scheduler-euler-sigma-min/expected.json", &euler)
	c, err := decodeScheduler(file("scheduler-euler-sigma-min/scheduler_config.json"))
	if err != nil {
		t.Fatal(err)
	}
	for steps, want := range map[int]struct{ Timesteps, Sigmas []float64 }{4: euler["4"], 7: euler["7"]} {
		path, err := eulerSpacing(c.Schedule(), c.Stepping, steps)
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range path.Steps {
			if math.Abs(step.From.Timestep-want.Timesteps[i]) > 1e-3 || math.Abs(step.From.ratio()-want.Sigmas[i]) > 2e-5*want.Sigmas[i] || math.Abs(step.To.ratio()-want.Sigmas[i+1]) > 2e-5*want.Sigmas[i+1] {
				t.Errorf("step %d of %d is %v, want %v and %v", i, steps, step, want.Timesteps[i], want.Sigmas[i:])
			}
		}
	}
	var clipped struct {
		Timesteps7  []float64 `json:"timesteps_7"`
		Timesteps20 []float64 `json:"timesteps_20"`
		Out7        []float64 `json:"out_7"`
		Out20       []float64 `json:"out_20"`
	}
	readJSON(t, "testdata/cases/scheduler-lambda-min-clipped/expected.json", &clipped)
	for _, run := range []struct {
		steps          int
		timesteps, out []float64
	}{{7, clipped.Timesteps7, clipped.Out7}, {20, clipped.Timesteps20, clipped.Out20}} {
		timesteps, out := sampled(t, file("scheduler-lambda-min-clipped/scheduler_config.json"), run.steps)
		if worst, ok := near(out, run.out, 2e-5); !ok || !slices.Equal(timesteps, run.timesteps) {
			t.Errorf("%d steps: at %v, want %v; off by %.1e", run.steps, timesteps, run.timesteps, worst)
		}
	}
	if marked, err := ReadSchedulerConfig("testdata/cases/model-json-byte-order-mark/scheduler_config.json"); err != nil || marked.Timesteps != 1000 {
		t.Errorf("a byte order mark: %+v, %v", marked, err)
	}
	_, err = decodeScheduler(file("scheduler-trained-betas/scheduler_config.json"))
	if err == nil || !strings.Contains(err.Error(), `"trained_betas" is a list of 1000 numbers: only null is supported`) || len(err.Error()) > 200 {
		t.Errorf("trained betas: %v", err)
	}
}

// TestStrangeSchedulers: a model that was published with a solver that is not built
// here is sampled with one that is named, as diffusers' from_config would, and not
// without a name.
func TestStrangeSchedulers(t *testing.T) {
	base := `"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"`
	for _, text := range []string{
		`{"_class_name": "DDPMScheduler", "variance_type": "fixed_small", "clip_sample": false, ` + base + `}`,
		`{"_class_name": "UniPCMultistepScheduler", "solver_type": "bh2", "predict_x0": true, "disable_corrector": [], "solver_p": null, "solver_order": 2, ` + base + `}`,
		`{"_class_name": "LMSDiscreteScheduler", "use_karras_sigmas": false, ` + base + `}`,
	} {
		c, err := decodeScheduler([]byte(text))
		if err != nil || c.Solver() != "" {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, err := c.Process(""); err == nil || !strings.Contains(err.Error(), c.Class+", is not built here: name one, of ddim, dpmpp_2m") {
			t.Errorf("%s: %v", c.Class, err)
		}
		for _, solver := range []string{"euler", "dpmpp_2m"} {
			if _, err := c.Process(solver); err != nil {
				t.Errorf("%s with %s: %v", c.Class, solver, err)
			}
		}
	}
	for text, want := range map[string]string{
		`{"_class_name": "DDPMScheduler", "clip_sample": true, ` + base + `}`:                 "clip_sample",
		`{"_class_name": "UniPCMultistepScheduler", "use_flow_sigmas": true, ` + base + `}`:   "use_flow_sigmas",
		`{"_class_name": "UniPCMultistepScheduler", "solver_order": 3, ` + base + `}`:         "solver_order",
		`{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000}`:     "FlowMatchEulerDiscreteScheduler",
		`{"_class_name": "DDPMScheduler", "rescale_betas_zero_snr": true, ` + base + `}`:      "rescale_betas_zero_snr",
		`{"_class_name": "DDIMScheduler", "clip_sample": false, "solver_p": 1, ` + base + `}`: "solver_p",
	} {
		c, err := decodeScheduler([]byte(text))
		if err == nil {
			_, err = c.Process("ddim")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
