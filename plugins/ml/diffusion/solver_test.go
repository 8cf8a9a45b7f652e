package diffusion

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// walk runs a solver along levels of the test's choice.
func walk(solver string, levels []NoiseLevel, x []float32, denoiser Denoiser) error {
	return solvers[solver].solve(Path{Steps: between(levels), Start: 1}, x, denoiser, Fresh{Normal: func(out []float32) { clear(out) }})
}

// TestSolversAgainstDiffusers follows whole runs of diffusers' schedulers,
// every step of them.
func TestSolversAgainstDiffusers(t *testing.T) {
	file, err := safetensors.Read("testdata/schedulers.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	golden := goldenTimesteps(t)
	schedule := ScaledLinear(0.00085, 0.012, 1000)
	timestep0, noiseless := []NoiseLevel{schedule.At(0)}, []NoiseLevel{Noiseless}
	for _, test := range []struct {
		run      string // in testdata; after the @ the version where versions differ
		solver   string
		end      []NoiseLevel // of the path; none if the run's own timesteps are the path
		velocity bool
	}{
		// set_alpha_to_one is false: DDIM ends at timestep 0.
		{run: "ddim_eta0_10", solver: "ddim", end: timestep0},
		{run: "ddim_eta0_20", solver: "ddim", end: timestep0},
		{run: "ddim_trailing_eta0_10", solver: "ddim", end: timestep0},
		{run: "ddim_vpred_eta0_10", solver: "ddim", end: timestep0, velocity: true},
		// Since 0.21 or so diffusers ends at sigma 0, with a first-order step.
		{run: "dpmpp_2m_linspace_10@0.40.0", solver: "dpmpp_2m", end: noiseless},
		{run: "dpmpp_2m_linspace_20@0.40.0", solver: "dpmpp_2m", end: noiseless},
		{run: "dpmpp_2m_leading_offset1_10@0.40.0", solver: "dpmpp_2m", end: noiseless},
		{run: "dpmpp_2m_leading_offset1_20@0.40.0", solver: "dpmpp_2m", end: noiseless},
		// 0.20.2 ended at timestep 0, from 15 steps on with a second-order step.
		{run: "dpmpp_2m_linspace_20", solver: "dpmpp_2m", end: timestep0},
		{run: "dpmpp_2m_leading_offset1_20", solver: "dpmpp_2m", end: timestep0},
		// Karras's places lie very unevenly; 0.20.2 rounds them to timesteps. Its
		// tenth step goes from timestep 0 to itself, ours are the nine before.
		{run: "dpmpp_2m_karras_10", solver: "dpmpp_2m"},
	} {
		t.Run(test.run, func(t *testing.T) {
			name, _, _ := strings.Cut(test.run, "@")
			path := append(schedule.along(golden[name]), test.end...)
			want, ok := file.Tensors[test.run]
			if !ok || len(golden[name]) == 0 {
				t.Fatalf("testdata has no run %s", test.run)
			}
			latents := slices.Clone(file.Tensors["initial"].Data)
			size := len(latents)
			prediction := Epsilon
			if test.velocity {
				prediction = Velocity
			}
			at := 0
			compare := func(got []float32) {
				row := want.Data[at*size : (at+1)*size]
				scale := 1.0
				for _, v := range row {
					scale = math.Max(scale, math.Abs(float64(v)))
				}
				for i, v := range got {
					if difference := math.Abs(float64(v) - float64(row[i])); !(difference < 1e-4*scale) {
						t.Errorf("after step %d: value %d is %v, want %v", at, i, v, row[i])
						return
					}
				}
				at++
			}
			err := walk(test.solver, path, latents, Denoiser{Prediction: prediction, Network: func(noisy []float32, timestep float64) ([]float32, error) {
				if timestep != path[at].Timestep {
					t.Errorf("step %d asks at timestep %v, want %v", at, timestep, path[at].Timestep)
				}
				compare(noisy)
				return toyNetwork(noisy, timestep)
			}})
			if err != nil {
				t.Fatal(err)
			}
			compare(latents)
			if at != len(path) {
				t.Errorf("compared %d places of the path, it has %d", at, len(path))
			}
		})
	}
}

// calledIn is how often a solver asks the network in a number of steps.
func calledIn(solver string, steps int) int {
	switch {
	case solver == "pndm" && steps > 1: // does the first step twice
		return steps + 1
	case solver == "heun": // twice, but for the last step
		return 2*steps - 1
	}
	return steps
}

// orders are the solvers' orders of accuracy, where they can walk along any path.
var orders = map[string]int{"ddim": 1, "euler": 1, "dpmpp_2m": 2, "heun": 2}

// TestSolversFindTheImage: a network that knows the image leads every solver
// to it.
func TestSolversFindTheImage(t *testing.T) {
	yes := true
	process := Process{Schedule: ScaledLinear(0.00085, 0.012, 1000), Stepping: Stepping{Spacing: Trailing, AlphaToOne: &yes}}
	image := []float32{-1, -0.25, 0, 0.5, 1}
	for _, name := range SolverNames() {
		// The last step of pndm is not to a prediction of x_0, but divides by alpha,
		// and it mixes outputs of several timesteps: only of noise they are the same.
		prediction, most := Velocity, 1e-6
		if name == "pndm" {
			prediction, most = Epsilon, 1e-4
		}
		process.Prediction = prediction
		for _, steps := range []int{1, 2, 8, 50} {
			x := []float32{0.3, -1.2, 2, 0.01, -0.7}
			err := process.Sample(x, Sampling{Solver: name, Steps: steps}, func(noisy []float32, timestep float64) ([]float32, error) {
				at := process.Schedule.At(int(timestep))
				output, noise := make([]float32, len(noisy)), make([]float32, len(noisy))
				at.NoiseIn(noise, noisy, image)
				prediction.Target(output, image, noise, at)
				return output, nil
			}, func(out []float32) { clear(out) })
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range image {
				if !(math.Abs(float64(x[i]-want)) < most) {
					t.Errorf("%s in %d steps: %v, want %v", name, steps, x, image)
					break
				}
			}
		}
	}
}

// TestOrderOfAccuracy: on data that is a normal distribution, whose network is
// known in closed form, halving the step should halve the error of a solver of
// first order, and quarter that of one of second order.
func TestOrderOfAccuracy(t *testing.T) {
	const deviation = 0.3 // of the data, around 0.5
	schedule := ScaledLinear(0.00085, 0.012, 1000)
	// E[noise | x_t] of a normal distribution.
	network := func(noisy []float32, timestep float64) ([]float32, error) {
		at := schedule.At(int(timestep))
		gain := at.Alpha * deviation * deviation / (at.Alpha*at.Alpha*deviation*deviation + at.Sigma*at.Sigma)
		noise := make([]float32, len(noisy))
		for i, x := range noisy {
			clean := 0.5 + gain*(float64(x)-at.Alpha*0.5)
			noise[i] = float32((float64(x) - at.Alpha*clean) / at.Sigma)
		}
		return noise, nil
	}
	// The flow keeps a sample's place in the distribution of its timestep.
	const from, to = 600, 40
	const start = 1.3
	begin, end := schedule.At(from), schedule.At(to)
	spread := func(at NoiseLevel) float64 { return math.Hypot(at.Alpha*deviation, at.Sigma) }
	want := end.Alpha*0.5 + (start-begin.Alpha*0.5)/spread(begin)*spread(end)
	failure := func(solver string, steps int) float64 {
		var levels []NoiseLevel
		for i := range steps + 1 {
			levels = append(levels, schedule.At(from-i*(from-to)/steps))
		}
		x := []float32{start}
		if err := walk(solver, levels, x, Denoiser{Network: network, Prediction: Epsilon}); err != nil {
			t.Fatal(err)
		}
		return math.Abs(float64(x[0]) - want)
	}
	for solver, order := range orders {
		fall := failure(solver, 140) / failure(solver, 280)
		t.Logf("%s: the error falls by %.2f", solver, fall)
		if want := math.Pow(2, float64(order)); fall < 0.75*want || fall > 1.4*want {
			t.Errorf("%s: half the step divides the error by %.2f, want %v", solver, fall, want)
		}
		if order == 2 && failure(solver, 28) > failure("ddim", 28)/4 {
			t.Errorf("%s is not much better than ddim", solver)
		}
	}
}

func TestSolversPassErrorsOn(t *testing.T) {
	stop := errors.New("stop")
	process := Process{Schedule: Cosine(10), Prediction: Velocity, Stepping: Stepping{Spacing: Trailing}}
	for _, name := range SolverNames() {
		calls := 0
		err := process.Sample([]float32{1}, Sampling{Solver: name, Steps: 5}, func(noisy []float32, _ float64) ([]float32, error) {
			if calls++; calls == 3 {
				return nil, stop
			}
			return noisy, nil
		}, func([]float32) {})
		if !errors.Is(err, stop) || calls != 3 {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

// TestRegistry: names are those of HCL, and no two solvers share a published
// class.
func TestRegistry(t *testing.T) {
	if names := SolverNames(); !slices.Equal(names, []string{"ddim", "dpmpp_2m", "euler", "euler_ancestral", "heun", "pndm"}) {
		t.Errorf("solvers are %v", names)
	}
	if names := EtaSolvers(); !slices.Equal(names, []string{"ddim"}) {
		t.Errorf("solvers that take an eta are %v", names)
	}
	classes := map[string]string{}
	for name, row := range solvers {
		if other, ok := classes[row.class]; ok && row.class != "" {
			t.Errorf("%s and %s are both %s", name, other, row.class)
		}
		classes[row.class] = name
	}
}
