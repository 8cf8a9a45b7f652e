package diffusion

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
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

func TestTimesteps(t *testing.T) {
	schedule := ScaledLinear(0.00085, 0.012, 1000)
	golden := goldenTimesteps(t)
	for name, got := range map[string][]int{
		"ddim_trailing_eta0_10": schedule.Timesteps(10),
		"ddim_eta0_10":          schedule.Leading(10, 1),
		"ddim_eta0_20":          schedule.Leading(20, 1),
		// DPM-Solver++ leaves out the last of one step more.
		"dpmpp_2m_leading_offset1_10": schedule.Leading(11, 1)[:10],
		"dpmpp_2m_leading_offset1_20": schedule.Leading(21, 1)[:20],
	} {
		if !slices.Equal(got, golden[name]) {
			t.Errorf("%s: %v, want %v", name, got, golden[name])
		}
	}
	for _, total := range []int{1, 7, 250} {
		schedule := Cosine(total)
		for steps := 1; steps <= total; steps++ {
			timesteps := schedule.Timesteps(steps)
			if err := Path(append(timesteps, Clean)).check(schedule); err != nil {
				t.Errorf("%d steps of %d: %v", steps, total, err)
			}
			if len(timesteps) != steps || timesteps[0] != total-1 {
				t.Errorf("%d steps of %d: %v", steps, total, timesteps)
			}
			if err := Path(append(schedule.Leading(steps, 0), Clean)).check(schedule); err != nil {
				t.Errorf("%d leading steps of %d: %v", steps, total, err)
			}
		}
	}
}

func TestSolversRefuseBadPaths(t *testing.T) {
	schedule := Cosine(10)
	never := func([]float32, int) ([]float32, []float32, error) {
		t.Error("the network was asked")
		return nil, nil, nil
	}
	for _, test := range []struct {
		path Path
		want string
	}{
		{nil, "at least one step"},
		{Path{5}, "at least one step"},
		{Path{10, Clean}, "0 to 9"},
		{Path{5, -2}, "0 to 9"},
		{Path{5, 5, Clean}, "from timestep 5 to 5"},
		{Path{5, 6, Clean}, "from timestep 5 to 6"},
		{Path{5, Clean, Clean}, "from timestep -1 to -1"},
	} {
		for name, solve := range map[string]func(Schedule, Path, []float32, Predict) error{"ddim": DDIMAlong, "dpmpp_2m": DPMSolverPP2MAlong} {
			if err := solve(schedule, test.path, []float32{1}, never); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s along %v: error %v, want one that says %q", name, test.path, err, test.want)
			}
		}
	}
	for _, name := range SolverNames() {
		solve, err := SolverNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, steps := range []int{-1, 0, 11, 1000} {
			if err := solve(schedule, steps, []float32{1}, never); err == nil {
				t.Errorf("%s does %d steps of 10", name, steps)
			}
		}
	}
}
