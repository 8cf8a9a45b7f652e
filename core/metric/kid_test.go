package metric

import (
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestKernelDistanceMatchesReferences(t *testing.T) {
	features := tensors(t, "testdata/fid.safetensors")
	for name, pair := range readExpected(t).Pairs {
		t.Run(name, func(t *testing.T) {
			a, b := features[name+".a"], features[name+".b"]
			if pair.KID != nil {
				got, err := KernelDistance(a, b)
				if err != nil || !near(got, *pair.KID, 1e-10, 0) {
					t.Errorf("full: got %.15g, want %.15g (%v)", got, *pair.KID, err)
				}
			}
			indexA, indexB := features[name+".kid_subset_index_a"], features[name+".kid_subset_index_b"]
			for i, want := range pair.Subsets.Values {
				got, err := KernelDistance(rowsOf(a, indices(indexA, i)), rowsOf(b, indices(indexB, i)))
				if err != nil || !near(got, want, 1e-10, 0) {
					t.Errorf("subset %d: got %.15g, want %.15g (%v)", i, got, want, err)
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

func TestKernelDistanceByHand(t *testing.T) {
	// Width 1, kernel (xy + 1)³. x = {0, 1}: k(0,1) = 1. y = {1, 2}: k(1,2) = 27.
	// Across: k(0,1) = k(0,2) = 1, k(1,1) = 8, k(1,2) = 27, mean 37/4.
	// 1 + 27 - 2*37/4 = 9.5
	got, err := KernelDistance(dense([][]float64{{0}, {1}}), dense([][]float64{{1}, {2}}))
	if err != nil || !near(got, 9.5, 1e-12, 0) {
		t.Errorf("got %v, want 9.5 (%v)", got, err)
	}
}

func TestKernelDistanceSubsets(t *testing.T) {
	features := tensors(t, "testdata/fid.safetensors")
	a, b := features["a_500x64_vs_500x64.a"], features["a_500x64_vs_500x64.b"]
	first, err := KernelDistanceSubsets(a, b, 100, 20, 7)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := KernelDistanceSubsets(a, b, 100, 20, 7)
	other, _ := KernelDistanceSubsets(a, b, 100, 20, 8)
	var mean float64
	for i, d := range first {
		mean += d / 20
		if d != again[i] {
			t.Fatalf("subset %d differs with the same seed", i)
		}
	}
	if first[0] == other[0] {
		t.Error("the seed has no effect")
	}
	if !near(mean, 0.41694, 0.03, 0) {
		t.Errorf("mean over subsets %.4f, full set 0.4169", mean)
	}
	if _, err := KernelDistanceSubsets(a, b, 501, 1, 0); err == nil {
		t.Error("no error for subsets larger than the set")
	}
}
