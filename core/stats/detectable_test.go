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

// TestShareDesign: by hand, and against simulated designs of the kind that it assumes.
func TestShareDesign(t *testing.T) {
	d := ShareDesign{Clusters: 100, Items: 4, Strata: 1, Share: 0.5, Likeness: 0.3}
	// v = 2 * 0.25 / 400 * (1 + 3 * 0.3) = 0.002375; t[0.975, 99] = 1.9842, t[0.8, 99] = 0.8453.
	if got, err := d.Detectable(0.05, 0.8); err != nil || math.Abs(got-(1.98422+0.84525)*math.Sqrt(0.002375)) > 1e-4 {
		t.Errorf("got %v (%v)", got, err)
	}
	// t[0.975, 2] = 4.3027, t[0.8, 2] = 1.0607.
	if got, err := d.DetectableOverSeeds(3, 0.05, 0.8); err != nil || math.Abs(got-(4.30265+1.06066)*math.Sqrt(0.002375/3)) > 1e-4 {
		t.Errorf("over seeds: %v (%v)", got, err)
	}
	if _, err := d.DetectableOverSeeds(2, 0.05, 0.8); !errors.Is(err, ErrTooFew) {
		t.Errorf("two seeds: %v", err)
	}
	few := d
	few.Clusters = 5
	if _, err := few.Detectable(0.05, 0.8); !errors.Is(err, ErrTooFew) {
		t.Errorf("five clusters: %v", err)
	}
	alone := ShareDesign{Clusters: 8, Items: 1, Strata: 8, Share: 0.5}
	if got, err := alone.Detectable(0.05, 0.8); err != nil || math.IsNaN(got) || got <= 0 {
		t.Errorf("strata of one cluster each: %v (%v)", got, err)
	}

	// The items of a cluster are all alike with the chance rho, else independent: their
	// intraclass correlation is rho. The first side is better by the difference.
	random := rand.New(rand.NewPCG(4, 4))
	difference, _ := d.Detectable(0.05, 0.8)
	side := func(share float64) float64 {
		own, n := share, 0.0
		if u := random.Float64(); u < d.Likeness { // all images of the prompt alike
			own = indicatorOf(random.Float64() < share)
		}
		for range d.Items {
			n += indicatorOf(random.Float64() < own)
		}
		return n / float64(d.Items)
	}
	const trials = 1000
	found := 0
	for range trials {
		values := make([]float64, d.Clusters)
		for i := range values {
			values[i] = side(0.5+difference/2) - side(0.5-difference/2)
		}
		if p, _ := StudentTest(values); p <= 0.05 {
			found++
		}
	}
	if share := float64(found) / trials; math.Abs(share-0.8) > 0.05 {
		t.Errorf("%.3f of the trials find the detectable difference, want 0.8", share)
	}
}

func indicatorOf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
