package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDetectableApproachesTheNormalFormula(t *testing.T) {
	// s = 1 and many pairs: (1.96 + 0.8416) / sqrt(n).
	values := []float64{-1, 1}
	scale := math.Sqrt2 // of their standard deviation
	got, err := Detectable(values, 10000, 0.05, 0.8)
	if want := (1.959964 + 0.841621) * scale / 100; err != nil || math.Abs(got-want) > 1e-5 {
		t.Errorf("got %v, want %v (%v)", got, want, err)
	}
	if _, err := Detectable([]float64{1}, 10, 0.05, 0.8); err == nil {
		t.Error("no error for one difference")
	}
}

func TestDetectableDifferenceIsDetected(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	pilot := make([]float64, 2000)
	for i := range pilot {
		pilot[i] = random.NormFloat64()
	}
	const pairs, trials = 25, 600
	effect, err := Detectable(pilot, pairs, 0.05, 0.8)
	if err != nil {
		t.Fatal(err)
	}
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
