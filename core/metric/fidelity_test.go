package metric

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"
)

func rowsOf32(x *mat.Dense) [][]float32 {
	rows, width := x.Dims()
	all := make([][]float32, rows)
	for i := range all {
		all[i] = make([]float32, width)
		for j := range all[i] {
			all[i][j] = float32(x.At(i, j))
		}
	}
	return all
}

func TestFidelityMatchesReferences(t *testing.T) {
	features := tensors(t, "testdata/fid.safetensors")
	name := "a_500x64_vs_500x64"
	pair := readExpected(t).Pairs[name]
	in := FidelityInput{
		Model: "full", Encoder: "clip", Reference: "real", Seed: 4,
		Features: rowsOf32(features[name+".a"]), ReferenceFeatures: rowsOf32(features[name+".b"]),
	}
	for i := range in.Features {
		in.Prompts = append(in.Prompts, fmt.Sprintf("prompt %d", i/4))
	}
	metrics, _, err := Fidelity(in)
	if err != nil {
		t.Fatal(err)
	}
	fid, kid := find(t, metrics, "fid", "", ""), find(t, metrics, "kid", "", "")
	if !near(*fid.Value, pair.FID, 0, 1e-9) || !near(*kid.Value, *pair.KID, 1e-10, 0) {
		t.Errorf("fid %v, kid %v", *fid.Value, *kid.Value)
	}
	for _, m := range metrics {
		if m.Low == nil || !(*m.Low < *m.Value && *m.Value < *m.High) || m.N != 500 || m.Clusters != 125 || m.Better != "lower" {
			t.Errorf("%+v", m)
		}
		if m.Protocol["images"] != "500" || m.Protocol["reference"] != "real" {
			t.Errorf("protocol %v", m.Protocol)
		}
	}

	order := rand.New(rand.NewPCG(1, 1)).Perm(len(in.Features))
	moved := in
	moved.Features, moved.Prompts = make([][]float32, len(order)), make([]string, len(order))
	for i, j := range order {
		moved.Features[i], moved.Prompts[i] = in.Features[j], in.Prompts[j]
	}
	again, _, err := Fidelity(moved)
	if diff := cmp.Diff(metrics, again); diff != "" || err != nil {
		t.Errorf("the order of the rows matters: %s %v", diff, err)
	}
}

// The spread of FIDs of fresh sets of images must be about what the interval of
// one set says.
func TestFidelityIntervalHasTheRightWidth(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	draw := func(rows int, scale float64) [][]float32 {
		all := make([][]float32, rows)
		for i := range all {
			all[i] = make([]float32, 4)
			for j := range all[i] {
				all[i][j] = float32(scale*random.NormFloat64() + scale)
			}
		}
		return all
	}
	reference := draw(400, 1)
	var fids, halves []float64
	for range 40 {
		metrics, _, err := Fidelity(FidelityInput{Features: draw(200, 1.5), ReferenceFeatures: reference})
		if err != nil {
			t.Fatal(err)
		}
		fid := metrics[0]
		fids = append(fids, *fid.Value)
		halves = append(halves, (*fid.High-*fid.Low)/2)
	}
	var mean, square, half float64
	for i := range fids {
		mean += fids[i] / 40
		half += halves[i] / 40
	}
	for _, fid := range fids {
		square += (fid - mean) * (fid - mean) / 39
	}
	if ratio := half / (1.96 * math.Sqrt(square)); ratio < 0.75 || ratio > 1.35 {
		t.Errorf("mean half width %.4f, 1.96 standard deviations %.4f", half, 1.96*math.Sqrt(square))
	}
}

func TestFidelityOfLittle(t *testing.T) {
	metrics, _, err := Fidelity(FidelityInput{Features: [][]float32{{1, 2}}, ReferenceFeatures: [][]float32{{1, 2}, {2, 3}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		wantNone(t, m)
	}
	metrics, _, err = Fidelity(FidelityInput{Features: [][]float32{{1, 2}, {3, 4}}, ReferenceFeatures: [][]float32{{1, 2}, {2, 3}}})
	if err != nil {
		t.Fatal(err)
	}
	fid := find(t, metrics, "fid", "", "")
	if fid.Value == nil || fid.Low != nil || !strings.Contains(fid.Note, "singular") || !strings.Contains(fid.Note, "no interval") {
		t.Errorf("%+v", fid)
	}
	// Features that do not vary are legal; the distance is that of the means.
	same := [][]float32{{1, 1}, {1, 1}, {1, 1}}
	metrics, _, err = Fidelity(FidelityInput{Features: same, ReferenceFeatures: [][]float32{{3, 1}, {3, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, find(t, metrics, "fid", "", ""), 4)
}

func TestKIDOfManyImagesIsOverSubsets(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	draw := func(rows int) [][]float32 {
		all := make([][]float32, rows)
		for i := range all {
			all[i] = []float32{float32(random.NormFloat64()), float32(random.NormFloat64())}
		}
		return all
	}
	metrics, _, err := Fidelity(FidelityInput{Features: draw(largestFullKernel + 1), ReferenceFeatures: draw(300)})
	if err != nil {
		t.Fatal(err)
	}
	kid := find(t, metrics, "kid", "", "")
	if kid.Value == nil || math.Abs(*kid.Value) > 0.05 || kid.Protocol["subsets"] != "100 of 300 images" {
		t.Errorf("%+v", kid)
	}
}

func TestFidelityNamesABrokenFeature(t *testing.T) {
	good := [][]float32{{1, 2}, {3, 4}}
	for _, c := range []struct {
		in   FidelityInput
		want string
	}{
		{FidelityInput{Features: [][]float32{{1, 2}, {3, float32(math.NaN())}}, ReferenceFeatures: good, ImageIDs: []string{"a", "b"}}, `image "b"`},
		{FidelityInput{Features: good, ReferenceFeatures: [][]float32{{float32(math.Inf(1)), 2}, {3, 4}}}, "image 1"},
		{FidelityInput{Features: [][]float32{{1, 2}, {3}}, ReferenceFeatures: good}, "image 2"},
		{FidelityInput{Features: good, ReferenceFeatures: good, Prompts: []string{"p"}}, "1 prompts for 2 images"},
		{FidelityInput{Features: good, ReferenceFeatures: [][]float32{{1}, {2}}}, "different width"},
	} {
		if _, _, err := Fidelity(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
