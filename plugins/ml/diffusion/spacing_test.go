package diffusion

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// goldenRun is a run of diffusers' schedulers.
type goldenRun struct {
	Scheduler string
	Config    json.RawMessage
	Steps     int
	Timesteps []float64
	Newer     []float64             `json:"timesteps_0.40.0"` // where 0.40.0 differs
	Start     float64               `json:"init_noise_sigma"`
	Arguments struct{ Eta float64 } `json:"step_args"`
}

// goldenRuns are all runs, by name.
func goldenRuns(t *testing.T) map[string]goldenRun {
	t.Helper()
	text, err := os.ReadFile("testdata/runs.json")
	if err != nil {
		t.Fatal(err)
	}
	var runs map[string]goldenRun
	if err := json.Unmarshal(text, &runs); err != nil {
		t.Fatal(err)
	}
	return runs
}

// goldenTimesteps are the timesteps of the runs that have whole ones.
func goldenTimesteps(t *testing.T) map[string][]int {
	t.Helper()
	timesteps := map[string][]int{}
	for name, run := range goldenRuns(t) {
		timesteps[name] = rounded(run.Timesteps)
	}
	return timesteps
}

// TestSpacings: every solver stands inside of the schedule, at levels that fall,
// in as many steps as it is asked for, and ends at no noise or at timestep 0.
func TestSpacings(t *testing.T) {
	no := false
	for _, total := range []int{1, 2, 7, 60} {
		schedule := Cosine(total)
		for steps := 1; steps <= total; steps++ {
			for name, row := range solvers {
				for _, s := range []Stepping{{Spacing: Trailing}, {Spacing: Leading}, {Spacing: Linspace}, {Spacing: Trailing, WholeStrides: true, AlphaToOne: &no}, {Spacing: Leading, Karras: true}} {
					path, err := row.spacing(schedule, s, steps)
					if err != nil {
						// dpmpp_2m leaves out the last of one step more.
						if name != "dpmpp_2m" || s.Spacing == Trailing || steps < total {
							t.Errorf("%s, %+v: %d steps of %d: %v", name, s, steps, total, err)
						}
						continue
					}
					want := steps
					if name == "pndm" && steps > 1 {
						want++
					}
					if len(path.Steps) != want {
						t.Errorf("%s, %+v: %d steps of %d are %d", name, s, steps, total, len(path.Steps))
					}
					for i, step := range path.Steps {
						if i > 0 && step.From.Timestep > path.Steps[i-1].From.Timestep {
							t.Errorf("%s, %+v: %d steps of %d: step %d begins above the one before", name, s, steps, total, i)
						}
						if step.From.Timestep < 0 || step.From.Timestep > float64(total-1) || total > 1 && step.To.Timestep > step.From.Timestep {
							t.Errorf("%s, %+v: %d steps of %d: step %d is %+v", name, s, steps, total, i, step)
						}
					}
					if end := path.Steps[len(path.Steps)-1].To; end != Noiseless && end != schedule.At(0) {
						t.Errorf("%s, %+v: %d steps of %d end at %+v", name, s, steps, total, end)
					}
					if s.Spacing == Trailing && path.Steps[0].From.Timestep != float64(total-1) {
						t.Errorf("%s, %+v: %d steps of %d begin at %+v", name, s, steps, total, path.Steps[0].From)
					}
				}
			}
		}
	}
}

// TestTrailing, by hand (Lin et al. 2024, table 2): 1000, 750, 500, 250 less one.
// Halves go to the even number, 62.5 to 62.
func TestTrailing(t *testing.T) {
	s := Stepping{Spacing: Trailing}
	for _, test := range []struct {
		timesteps, steps int
		want             []float64
	}{
		{1000, 4, []float64{999, 749, 499, 249}},
		{1000, 3, []float64{999, 666, 332}},
		{125, 2, []float64{124, 61}},
	} {
		if got := s.spread(Leading, test.timesteps, test.timesteps, test.steps); !slices.Equal(got, test.want) {
			t.Errorf("%d steps of %d: %v, want %v", test.steps, test.timesteps, got, test.want)
		}
	}
}

// TestTooManySteps: what does not fit into a schedule is refused before the
// network is asked.
func TestTooManySteps(t *testing.T) {
	for _, name := range SolverNames() {
		for _, steps := range []int{-1, 0, 11, 1000} {
			process := Process{Schedule: Cosine(10), Prediction: Velocity, Stepping: Stepping{Spacing: Trailing}}
			err := process.Sample([]float32{1}, Sampling{Solver: name, Steps: steps}, func([]float32, float64) ([]float32, error) {
				t.Error("the network was asked")
				return nil, nil
			}, func([]float32) {})
			if err == nil {
				t.Errorf("%s does %d steps of 10", name, steps)
			}
		}
	}
}
