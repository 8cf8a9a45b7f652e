package diffusion

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// toy is the network of the golden runs: sin(1.3 x + 0.002 t) + 0.1 x, taken
// as the noise, or as v = alpha noise - sigma clean.
func toy(schedule Schedule, velocity bool) Predict {
	return func(noisy []float32, timestep int) ([]float32, []float32, error) {
		clean, noise := make([]float32, len(noisy)), make([]float32, len(noisy))
		alpha, sigma := float32(schedule.Alpha(timestep)), float32(schedule.Sigma(timestep))
		for i, x := range noisy {
			output := float32(math.Sin(1.3*float64(x)+0.002*float64(timestep))) + 0.1*x
			if velocity {
				clean[i] = alpha*x - sigma*output
				noise[i] = alpha*output + sigma*x
			} else {
				clean[i] = (x - sigma*output) / alpha
				noise[i] = output
			}
		}
		return clean, noise, nil
	}
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
	for _, test := range []struct {
		run      string // in testdata; after the @ the version where versions differ
		solve    func(Schedule, Path, []float32, Predict) error
		end      int // of the path; none if the run's own timesteps are the path
		velocity bool
	}{
		// set_alpha_to_one is false: DDIM ends at timestep 0.
		{run: "ddim_eta0_10", solve: DDIMAlong, end: 0},
		{run: "ddim_eta0_20", solve: DDIMAlong, end: 0},
		{run: "ddim_trailing_eta0_10", solve: DDIMAlong, end: 0},
		{run: "ddim_vpred_eta0_10", solve: DDIMAlong, end: 0, velocity: true},
		// Since 0.21 or so diffusers ends at sigma 0, with a first-order step.
		{run: "dpmpp_2m_linspace_10@0.40.0", solve: DPMSolverPP2MAlong, end: Clean},
		{run: "dpmpp_2m_linspace_20@0.40.0", solve: DPMSolverPP2MAlong, end: Clean},
		{run: "dpmpp_2m_leading_offset1_10@0.40.0", solve: DPMSolverPP2MAlong, end: Clean},
		{run: "dpmpp_2m_leading_offset1_20@0.40.0", solve: DPMSolverPP2MAlong, end: Clean},
		// 0.20.2 ended at timestep 0, from 15 steps on with a second-order step.
		{run: "dpmpp_2m_linspace_20", solve: DPMSolverPP2MAlong, end: 0},
		{run: "dpmpp_2m_leading_offset1_20", solve: DPMSolverPP2MAlong, end: 0},
		// Karras's places lie very unevenly; 0.20.2 rounds them to timesteps. Its
		// tenth step goes from timestep 0 to itself, ours are the nine before.
		{run: "dpmpp_2m_karras_10", solve: DPMSolverPP2MAlong, end: none},
	} {
		t.Run(test.run, func(t *testing.T) {
			name, _, _ := strings.Cut(test.run, "@")
			path := Path(golden[name])
			if test.end != none {
				path = append(path, test.end)
			}
			want, ok := file.Tensors[test.run]
			if !ok || len(path) == 0 {
				t.Fatalf("testdata has no run %s", test.run)
			}
			latents := slices.Clone(file.Tensors["initial"].Data)
			size := len(latents)
			predict := toy(schedule, test.velocity)
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
			err := test.solve(schedule, path, latents, func(noisy []float32, timestep int) ([]float32, []float32, error) {
				if timestep != path[at] {
					t.Errorf("step %d asks at timestep %d, want %d", at, timestep, path[at])
				}
				compare(noisy)
				return predict(noisy, timestep)
			})
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

// none means that a run's own timesteps are the path.
const none = -2

// TestSolversFindTheImage: a network that knows the image leads every solver
// to it, exactly, because the last step ends at its estimate.
func TestSolversFindTheImage(t *testing.T) {
	schedule := Cosine(1000)
	image := []float32{-1, -0.25, 0, 0.5, 1}
	for _, name := range SolverNames() {
		solve, err := SolverNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, steps := range []int{1, 2, 8, 50} {
			latents := []float32{0.3, -1.2, 2, 0.01, -0.7}
			asked := 0
			err := solve(schedule, steps, latents, func(noisy []float32, timestep int) ([]float32, []float32, error) {
				asked++
				noise := make([]float32, len(noisy))
				for i, x := range noisy {
					noise[i] = (x - float32(schedule.Alpha(timestep))*image[i]) / float32(schedule.Sigma(timestep))
				}
				return image, noise, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if asked != steps {
				t.Errorf("%s asks the network %d times in %d steps", name, asked, steps)
			}
			if !slices.Equal(latents, image) {
				t.Errorf("%s in %d steps: %v, want %v", name, steps, latents, image)
			}
		}
	}
}

// TestOrderOfAccuracy: on data that is a normal distribution, whose network is
// known in closed form, halving the step should halve the error of DDIM, and
// quarter that of DPM-Solver++(2M).
func TestOrderOfAccuracy(t *testing.T) {
	const deviation = 0.3 // of the data, around 0.5
	schedule := ScaledLinear(0.00085, 0.012, 1000)
	// E[x_0 | x_t] of a normal distribution.
	predict := func(noisy []float32, timestep int) ([]float32, []float32, error) {
		alpha, sigma := schedule.Alpha(timestep), schedule.Sigma(timestep)
		gain := alpha * deviation * deviation / (alpha*alpha*deviation*deviation + sigma*sigma)
		clean, noise := make([]float32, len(noisy)), make([]float32, len(noisy))
		for i, x := range noisy {
			c := 0.5 + gain*(float64(x)-alpha*0.5)
			clean[i], noise[i] = float32(c), float32((float64(x)-alpha*c)/sigma)
		}
		return clean, noise, nil
	}
	// The flow keeps a sample's place in the distribution of its timestep.
	const from, to = 600, 40
	spread := func(t int) float64 { return math.Hypot(schedule.Alpha(t)*deviation, schedule.Sigma(t)) }
	const start = 1.3
	want := schedule.Alpha(to)*0.5 + (start-schedule.Alpha(from)*0.5)/spread(from)*spread(to)
	failure := func(solve func(Schedule, Path, []float32, Predict) error, steps int) float64 {
		var path Path
		for i := range steps + 1 {
			path = append(path, from-i*(from-to)/steps)
		}
		latents := []float32{start}
		if err := solve(schedule, path, latents, predict); err != nil {
			t.Fatal(err)
		}
		return math.Abs(float64(latents[0]) - want)
	}
	first, second := failure(DDIMAlong, 140)/failure(DDIMAlong, 280), failure(DPMSolverPP2MAlong, 140)/failure(DPMSolverPP2MAlong, 280)
	t.Logf("the error falls by %.2f (ddim) and %.2f (dpmpp_2m)", first, second)
	if first < 1.7 || first > 2.4 {
		t.Errorf("ddim: half the step divides the error by %.2f, want 2", first)
	}
	if second < 3 || second > 5.5 {
		t.Errorf("dpmpp_2m: half the step divides the error by %.2f, want 4", second)
	}
	if failure(DPMSolverPP2MAlong, 28) > failure(DDIMAlong, 28)/4 {
		t.Error("dpmpp_2m is not much better than ddim")
	}
}

func TestSolverPassesErrorsOn(t *testing.T) {
	stop := errors.New("stop")
	for _, name := range SolverNames() {
		solve, err := SolverNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		err = solve(Cosine(10), 5, []float32{1}, func(noisy []float32, _ int) ([]float32, []float32, error) {
			if calls++; calls == 3 {
				return nil, nil, stop
			}
			return noisy, noisy, nil
		})
		if !errors.Is(err, stop) || calls != 3 {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

func TestSolverNamed(t *testing.T) {
	if names := SolverNames(); !slices.Equal(names, []string{"ddim", "dpmpp_2m"}) {
		t.Errorf("solvers are %v", names)
	}
	if _, err := SolverNamed("euler"); err == nil || !strings.Contains(err.Error(), `"euler"`) || !strings.Contains(err.Error(), "dpmpp_2m") {
		t.Errorf("error %v does not name the solvers", err)
	}
}
