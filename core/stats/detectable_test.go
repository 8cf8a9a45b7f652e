package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestDetectableApproachesTheNormalFormula(t *testing.T) {
	// s = 1 and many pairs: (1.96 + 0.8416) / sqrt(n).
	values := make([]Cluster, 10000)
	for i := range values {
		values[i] = Cluster{Sum: float64(i%2*2 - 1), N: 1}
	}
	got, err := Detectable(values, 0.05, 0.8)
	if want := (1.959964 + 0.841621) / 100; err != nil || math.Abs(got-want) > 1e-5 {
		t.Errorf("got %v, want %v (%v)", got, want, err)
	}
	if _, err := Detectable(make([]Cluster, 1), 0.05, 0.8); err == nil {
		t.Error("no error for one difference")
	}
	if _, err := Detectable([]Cluster{{1, 1, 0}, {1, 1, 0}, {1, 1, 0}, {1, 1, 0}, {1, 1, 0}, {1, 1, 0}}, 0.05, 0.8); !errors.Is(err, ErrNoSpread) {
		t.Errorf("equal differences: %v", err)
	}
}

func TestDetectableDifferenceIsDetected(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	const pairs, trials = 25, 600
	effect := DetectableErrors(pairs-1, 0.05, 0.8) / math.Sqrt(pairs) // of a spread of 1
	found := 0
	for range trials {
		values := make([]float64, pairs)
		for i := range values {
			values[i] = effect + random.NormFloat64()
		}
		if p, _ := StudentTest(values); p <= 0.05 {
			found++
		}
	}
	if power := float64(found) / trials; math.Abs(power-0.8) > 0.05 {
		t.Errorf("found in %.3f of the trials, want about 0.8", power)
	}
}
