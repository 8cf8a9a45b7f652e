package diffusion

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestUnroll: every solver without fresh noise asks the same when it is written
// out, and comes to the same end.
func TestUnroll(t *testing.T) {
	no, yes := false, true
	for _, prediction := range []Prediction{Epsilon, Velocity} {
		config := SchedulerConfig{
			Timesteps: 1000, BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear",
			Prediction: prediction, ClipSample: &no, SkipPRK: yes, Stepping: Stepping{StepsOffset: 1, AlphaToOne: &no},
		}
		for _, solver := range SolverNames() {
			s := Sampling{Solver: solver, Steps: 12}
			process, err := config.Process(solver)
			if err != nil {
				t.Fatal(err)
			}
			clipping := process
			clipping.Clip = true
			if _, err := clipping.Unroll(s); err == nil {
				t.Errorf("%s is written out, though it clips", solver)
			}
			if s.Fresh() {
				if _, err := process.Unroll(s); err == nil {
					t.Errorf("%s is written out, though it draws noise", solver)
				}
				continue
			}
			// The network is not linear, and different at each timestep.
			network := func(noisy []float32, timestep float64) []float32 {
				output := make([]float32, len(noisy))
				for i, x := range noisy {
					output[i] = float32(math.Sin(float64(x) + timestep))
				}
				return output
			}
			random := rand.New(rand.NewPCG(1, 2))
			start := make([]float32, 50)
			for i := range start {
				start[i] = float32(random.NormFloat64())
			}
			want, timesteps := slices.Clone(start), []float64(nil)
			err = process.Sample(want, s, func(noisy []float32, timestep float64) ([]float32, error) {
				timesteps = append(timesteps, timestep)
				return network(noisy, timestep), nil
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			u, err := process.Unroll(s)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(u.Timesteps, timesteps) || len(u.Factors) != len(timesteps)+1 {
				t.Errorf("%s asks at %v, written out at %v with %d rows of factors", solver, timesteps, u.Timesteps, len(u.Factors))
			}
			known := [][]float32{start}
			sum := func(row []float32) []float32 {
				total := make([]float32, len(start))
				for k, factor := range row {
					if k >= len(known) {
						if factor != 0 {
							t.Fatalf("%s: output %d counts before it is known", solver, k-1)
						}
						continue
					}
					for i, v := range known[k] {
						total[i] += factor * v
					}
				}
				return total
			}
			for i, timestep := range u.Timesteps {
				known = append(known, network(sum(u.Factors[i]), timestep))
			}
			got, worst := sum(u.Factors[len(u.Timesteps)]), 0.0
			for i := range want {
				worst = max(worst, math.Abs(float64(got[i]-want[i])))
			}
			if !(worst < 1e-4) {
				t.Errorf("%s of %s ends %.2g apart", solver, prediction, worst)
			}
			t.Logf("%s of %s: %.1g", solver, prediction, worst)
		}
	}
}
