package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// frechetDistance is the distance of features x [n, width] and y [m, width].
func frechetDistance(x, y *mat.Dense) (float64, error) { return frechet(momentsOf(x), momentsOf(y)) }

func TestFrechetDistanceMatchesReferences(t *testing.T) {
	features := tensors(t, "testdata/fid.safetensors")
	for name, pair := range readExpected(t).Pairs {
		t.Run(name, func(t *testing.T) {
			got, err := frechetDistance(features[name+".a"], features[name+".b"])
			if err != nil {
				t.Fatal(err)
			}
			if !near(got, pair.FID, 1e-9, 1e-9) {
				t.Errorf("got %.15g, exact %.15g (difference %.3g)", got, pair.FID, got-pair.FID)
			}
			if !near(got, pair.CleanFID, 1e-9, 1e-6) {
				t.Errorf("got %.15g, clean-fid %.15g", got, pair.CleanFID)
			}
			back, err := frechetDistance(features[name+".b"], features[name+".a"])
			if err != nil || !near(back, got, 1e-9, 1e-10) {
				t.Errorf("not symmetric: %.15g and %.15g (%v)", got, back, err)
			}
		})
	}
}

func TestFrechetDistanceWrittenOut(t *testing.T) {
	tiny := readExpected(t).Tiny3D
	got, err := frechetDistance(dense(tiny.A), dense(tiny.B))
	if err != nil || !near(got, tiny.FID, 0, 1e-9) {
		t.Errorf("got %.15g, want %.15g (%v)", got, tiny.FID, err)
	}
	// One dimension by hand: means 1 and 4, variances 2 and 8, so
	// (1-4)² + (sqrt 2 - sqrt 8)² = 9 + 2 = 11.
	got, err = frechetDistance(dense([][]float64{{0}, {2}}), dense([][]float64{{2}, {6}}))
	if err != nil || !near(got, 11, 1e-12, 0) {
		t.Errorf("got %v, want 11 (%v)", got, err)
	}
}

func TestFrechetDistanceOfASetToItselfIsZero(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, rows := range []int{2, 7, 8, 9, 100} {
		x := mat.NewDense(rows, 8, nil)
		x.Apply(func(int, int, float64) float64 { return 100 * random.NormFloat64() }, x)
		got, err := frechetDistance(x, x)
		if err != nil || got < 0 || got > 1e-8 {
			t.Errorf("%d rows: got %g (%v)", rows, got, err)
		}
	}
}

func TestFrechetDistanceShiftsByTheMean(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	x := mat.NewDense(50, 5, nil)
	x.Apply(func(int, int, float64) float64 { return random.NormFloat64() }, x)
	var y mat.Dense
	y.Apply(func(_, _ int, v float64) float64 { return v + 3 }, x)
	got, err := frechetDistance(x, &y)
	if err != nil || math.Abs(got-5*9) > 1e-9 {
		t.Errorf("got %v, want 45 (%v)", got, err)
	}
}

// Features in another order of their numbers have the same distance, but for rounding: that
// stays within what is said of it, also of large features, of which a billionth of the
// distance is too little, and what is said is far below what tables show.
func TestFrechetRounding(t *testing.T) {
	const width = 40
	random := rand.New(rand.NewPCG(3, 3))
	furthest := 0.0
	for _, rows := range []int{12, 50, 600} {
		for _, offset := range []float64{0, 1e4} {
			draw := func(scale float64) *mat.Dense {
				x := mat.NewDense(rows, width, nil)
				for i := range rows {
					for j := range width {
						x.Set(i, j, offset+scale*random.NormFloat64())
					}
				}
				return x
			}
			x, y := draw(1), draw(1.01)
			reordered := func(x *mat.Dense) *mat.Dense {
				other := mat.NewDense(rows, width, nil)
				for j := range width {
					other.SetCol((7*j+3)%width, mat.Col(nil, j, x))
				}
				return other
			}
			one, err := frechetDistance(x, y)
			if err != nil {
				t.Fatal(err)
			}
			other, err := frechetDistance(reordered(x), reordered(y))
			if err != nil {
				t.Fatal(err)
			}
			bound := frechetRounding(momentsOf(x), momentsOf(y))
			if off := math.Abs(one - other); off > bound {
				t.Errorf("%d images, offset %g: %v and %v differ by %g, more than %g", rows, offset, one, other, off, bound)
			} else {
				furthest = max(furthest, off/bound)
			}
			if offset == 0 && bound > 1e-8*one {
				t.Errorf("%d images: %g is said of %v", rows, bound, one)
			}
		}
	}
	if furthest == 0 {
		t.Error("nothing was rounded otherwise")
	}
	t.Logf("the furthest is %.2g of what is said", furthest)
}
