package metric

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// independent is the discrepancy of images of which no two show one prompt.
func independent(t *testing.T, x, y *mat.Dense) float64 {
	t.Helper()
	set := func(x *mat.Dense) featureSet {
		of, err := setOf("x", featuresOf(rowsOf32(x), 0))
		if err != nil {
			t.Fatal(err)
		}
		return of
	}
	m := discrepancyOf(cubic(x.RawMatrix().Cols), designOf(set(x), featureSet{}, set(y)))
	return m.value.Value() + m.plus
}

func TestKIDMatchesReferences(t *testing.T) {
	features := tensors(t, "testdata/fid.safetensors")
	for name, pair := range readExpected(t).Pairs {
		t.Run(name, func(t *testing.T) {
			a, b := features[name+".a"], features[name+".b"]
			if pair.KID != nil {
				if got := independent(t, a, b); !near(got, *pair.KID, 1e-10, 0) {
					t.Errorf("full: got %.15g, want %.15g", got, *pair.KID)
				}
			}
			indexA, indexB := features[name+".kid_subset_index_a"], features[name+".kid_subset_index_b"]
			for i, want := range pair.Subsets.Values {
				if got := independent(t, rowsOf(a, indices(indexA, i)), rowsOf(b, indices(indexB, i))); !near(got, want, 1e-10, 0) {
					t.Errorf("subset %d: got %.15g, want %.15g", i, got, want)
				}
			}
		})
	}
}

func indices(x *mat.Dense, row int) []int {
	var all []int
	for _, v := range x.RawRowView(row) {
		all = append(all, int(v))
	}
	return all
}

func TestKIDByHand(t *testing.T) {
	// Width 1, kernel (xy + 1)³. x = {0, 1}: k(0,1) = 1. y = {1, 2}: k(1,2) = 27.
	// Across: k(0,1) = k(0,2) = 1, k(1,1) = 8, k(1,2) = 27, mean 37/4.
	// 1 + 27 - 2*37/4 = 9.5
	x, y := [][]float32{{0}, {1}}, [][]float32{{1}, {2}}
	if got := independent(t, dense([][]float64{{0}, {1}}), dense([][]float64{{1}, {2}})); !near(got, 9.5, 1e-12, 0) {
		t.Errorf("got %v, want 9.5", got)
	}
	// With 0 and 1 of one prompt and 1 and 2 of another on both sides, 1 and 0 once more
	// of a third on the model's side and 3 alone on the other. All three means are of
	// different prompts alone, of each two in both orders:
	//
	//	x: (0,1) (1,2): 1 1 8 27, mean 37/4   (0,1) (1,0): 1 1 8 1, mean 11/4
	//	   (1,2) (1,0): 8 1 27 1, mean 37/4   all: (37+11+37)/12
	//	y: (0,1) (1,2): 37/4   (0,1) (3): 1 64, mean 65/2   (1,2) (3): 64 343, mean 407/2
	//	across, i of x and j of y: 1 2: 37/4; 2 1: 37/4; 1 3: 65/2; 3 1: 1 1 8 1, 11/4;
	//	   2 3: 407/2; 3 2: 8 27 1 1, 37/4
	x, y = [][]float32{{0}, {1}, {1}, {2}, {1}, {0}}, [][]float32{{0}, {1}, {1}, {2}, {3}}
	metrics, _, err := Fidelity(FidelityInput{Features: featuresOf(x, 2), ReferenceFeatures: featuresOf(y, 2)})
	if err != nil {
		t.Fatal(err)
	}
	ofX, ofY := (37.0+11+37)/12, (37.0/4+65.0/2+407.0/2)/3
	across := (3*37.0/4 + 65.0/2 + 11.0/4 + 407.0/2) / 6
	wantValue(t, find(t, metrics, KID, "", ""), ofX+ofY-2*across)
}

// Of more images than a kernel of all pairs takes: about the same, and no interval.
func TestKIDOfManyImagesIsOverSubsets(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	draw := func(rows int) [][]float32 {
		all := make([][]float32, rows)
		for i := range all {
			all[i] = []float32{float32(random.NormFloat64()), float32(random.NormFloat64())}
		}
		return all
	}
	for _, perPrompt := range []int{0, 3} {
		reference, many := featuresOf(draw(300), 1), featuresOf(draw(largestKernel+2), perPrompt)
		metrics, _, err := Fidelity(FidelityInput{Baseline: "b", Features: many, BaselineFeatures: many, ReferenceFeatures: reference, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		kid := find(t, metrics, KID, "", "")
		if kid.Value == nil || *kid.Value < -0.05 || *kid.Value > 0.05 || kid.Low != nil || kid.Protocol["subsets"] != "100 of 300 images, one a prompt" {
			t.Errorf("%+v", kid)
		}
		wantNone(t, find(t, metrics, CMMD, "", ""))
	}
}
