package diffusion

import (
	"math"
	"testing"
)

// TestHeun compares with algorithm 1 of Karras et al. 2022 as it is printed, done
// in y = x / alpha and double precision outside of this program, with the network
// of the golden runs.
func TestHeun(t *testing.T) {
	config := SchedulerConfig{
		Class: "HeunDiscreteScheduler", Timesteps: 1000, BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear", Prediction: Epsilon,
	}
	process, err := config.Process(config.Solver())
	if err != nil {
		t.Fatal(err)
	}
	for steps, want := range map[int][]float64{
		4:  {0.6298801118027949, -6.6474696179621775, 25.017340114870652},
		10: {-0.8991184958667895, -7.742002412975575, 20.04752387833054},
	} {
		x := []float32{0.3, -1.2, 2}
		if err := process.Sample(x, Sampling{Solver: "heun", Steps: steps}, toyNetwork, nil); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !(math.Abs(float64(x[i])-want[i]) < 1e-4) {
				t.Errorf("in %d steps: %v, want %v", steps, x, want)
				break
			}
		}
	}
}
