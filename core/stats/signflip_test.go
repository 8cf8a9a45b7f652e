package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestSignFlipByHand(t *testing.T) {
	// 1, 2, 3: of the 8 flips only +++ and --- reach a sum of 6.
	if p, err := SignFlip([]float64{1, 2, 3}, 0); err != nil || p != 2.0/8 {
		t.Errorf("got %v, want 0.25 (%v)", p, err)
	}
	// 1, -1 has the sum 0, which every flip reaches.
	if p, err := SignFlip([]float64{1, -1}, 0); err != nil || p != 1 {
		t.Errorf("got %v, want 1 (%v)", p, err)
	}
	if p, err := SignFlip([]float64{0, 0, 0}, 0); err != nil || p != 1 {
		t.Errorf("got %v, want 1 (%v)", p, err)
	}
	if _, err := SignFlip([]float64{1}, 0); !errors.Is(err, ErrTooFew) {
		t.Errorf("one value: %v", err)
	}
}

func TestSignFlipAtRandomAgreesWithTTest(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	values := make([]float64, 60)
	for i := range values {
		values[i] = 0.25 + random.NormFloat64()
	}
	p, err := SignFlip(values, 1)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := StudentTest(values)
	if math.Abs(p-want) > 0.02 {
		t.Errorf("sign flip %.4f, t test %.4f", p, want)
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
		if p, _ := SignFlip(values, 0); p <= 0.05 {
			rejected++
		}
	}
	if share := float64(rejected) / trials; share < 0.02 || share > 0.08 {
		t.Errorf("rejected %.3f of true null hypotheses at 0.05", share)
	}
}

func TestSignFlipIgnoresSignAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-3, 3), 2, 10).Draw(t, "values")
		p, err := SignFlip(values, 0)
		if err != nil || p <= 0 || p > 1 {
			t.Fatalf("p %v (%v)", p, err)
		}
		flipped := make([]float64, len(values))
		for i, v := range values {
			flipped[len(values)-1-i] = -v
		}
		if other, _ := SignFlip(flipped, 0); other != p {
			t.Fatalf("p %v, after turning all round %v", p, other)
		}
	})
}
