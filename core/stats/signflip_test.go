package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// P values of scipy 1.17: permutation_test((d,), np.sum, permutation_type="samples",
// n_resamples=np.inf), and of seven wins and a loss binomtest(7, 8).
func TestSignFlipAgainstSciPy(t *testing.T) {
	outcomes := make([]float64, 30)
	for i := range 7 {
		outcomes[i] = 1
	}
	outcomes[7] = -1
	for name, c := range map[string]struct {
		differences []float64
		want        float64
	}{
		"outcomes":       {outcomes, 0.0703125},
		"quarters":       {[]float64{.5, .25, -.25, 0, 1, .75, -.5, .25, .25, .5, 0, .25}, 0.087890625},
		"scores":         {[]float64{0.31, -0.12, 0.55, 0.07, -0.41, 0.22, 0.18, 0.93, -0.05, 0.11}, 0.1640625},
		"thirds, halves": {[]float64{1.0 / 3, 0.5}, 0.5},
		"nothing":        {[]float64{0, 0, 0}, 1},
		"no lead":        {[]float64{1, -1}, 1},
		"a sum of 6":     {[]float64{1, 2, 3}, 2.0 / 8},
	} {
		if p, exact, err := SignFlip(c.differences, 0); err != nil || !exact || math.Abs(p-c.want) > 1e-12 {
			t.Errorf("%s: p %v, want %v (exact %v, %v)", name, p, c.want, exact, err)
		}
	}
	if _, _, err := SignFlip([]float64{1}, 0); !errors.Is(err, ErrTooFew) {
		t.Errorf("one value: %v", err)
	}
}

func TestSignFlipOfALatticeNeedsNoSeed(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	values := make([]float64, 240)
	for i := range values {
		values[i] = float64(random.IntN(9)-4) / 4
	}
	p, exact, err := SignFlip(values, 1)
	if again, _, _ := SignFlip(values, 2); err != nil || !exact || again != p {
		t.Errorf("p %v and %v, exact %v (%v)", p, again, exact, err)
	}
}

func TestSignFlipAtRandomAgreesWithTTest(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	values := make([]float64, 60)
	for i := range values {
		values[i] = 0.25 + random.NormFloat64()
	}
	p, exact, err := SignFlip(values, 1)
	want, _ := StudentTest(values)
	if err != nil || exact || math.Abs(p-want) > 0.02 {
		t.Errorf("sign flip %.4f, t test %.4f (exact %v, %v)", p, want, exact, err)
	}
}

func TestSignFlipUnderNoDifferenceIsUniform(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	const trials = 400
	rejected := 0
	for range trials {
		values := make([]float64, 10)
		for i := range values {
			values[i] = random.NormFloat64()
		}
		if p, _, _ := SignFlip(values, 0); p <= 0.05 {
			rejected++
		}
	}
	if share := float64(rejected) / trials; share < 0.02 || share > 0.08 {
		t.Errorf("rejected %.3f of true null hypotheses at 0.05", share)
	}
}

// Whole numbers are counted on their lattice, and beside an odd one tried one by one:
// the same p but for what the odd one weighs.
func TestSignFlipIgnoresSignOrderAndMethod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SliceOfN(rapid.IntRange(-4, 4), 2, 10).Draw(t, "values")
		values, turned := make([]float64, len(whole)), make([]float64, len(whole))
		for i, v := range whole {
			values[i] = float64(v)
			turned[len(whole)-1-i] = -float64(v)
		}
		p, exact, err := SignFlip(values, 0)
		if err != nil || !exact || p <= 0 || p > 1 {
			t.Fatalf("p %v (%v)", p, err)
		}
		if other, _, _ := SignFlip(turned, 0); other != p {
			t.Fatalf("p %v, after turning all round %v", p, other)
		}
		var sum float64
		for _, v := range values {
			sum += v
		}
		if tried := flipAll(values, math.Abs(sum)); math.Abs(tried-p) > 1e-12 {
			t.Fatalf("p %v, one by one %v", p, tried)
		}
	})
}

// What rounding leaves in the place of a zero neither takes differences off their lattice
// nor moves the random flips.
func TestSignFlipOfRounding(t *testing.T) {
	for _, values := range [][]float64{
		{0, 0.5, -0.25, 0.75, 0, 0.5, 1},
		{0, 0.31, -0.17, 0.53, 0.29, 0.61, -0.07, 0.11, 0.43, 0.37, -0.23, 0.19, 0.67, 0.71, 0.013, 0.59, -0.47, 0.41, math.Pi / 10},
	} {
		want, exactly, err := SignFlip(values, 1)
		if err != nil {
			t.Fatal(err)
		}
		values[0] = 1e-17
		if got, exact, err := SignFlip(values, 1); got != want || exact != exactly || err != nil {
			t.Errorf("%v, %v, %v; want %v, %v", got, exact, err, want, exactly)
		}
	}
}
