package metric

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
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

// twoModels are the images of a model and of a baseline that is farther from real, of
// prompts in two strata.
func twoModels(prompts int) FidelityInput {
	random := rand.New(rand.NewPCG(2, 2))
	in := FidelityInput{Model: "full", Baseline: "base", Reference: "world", Encoder: "clip", Seed: 4}
	for p := range prompts {
		text := fmt.Sprintf("prompt %d", p)
		prompt := make([]float64, 6)
		for j := range prompt {
			prompt[j] = random.NormFloat64()
		}
		images := func(of *ImageFeatures, shift float64, n int) {
			for i := range n {
				vector := make([]float32, len(prompt))
				for j := range vector {
					vector[j] = float32(shift + prompt[j] + random.NormFloat64())
				}
				id := fmt.Sprintf("%s/%d", text, i)
				of.Rows = append(of.Rows, table.Feature{ImageID: id, Vector: vector})
				of.Images = append(of.Images, table.Image{ID: id, Prompt: text, Category: fmt.Sprint(p % 2)})
			}
		}
		images(&in.ReferenceFeatures, 0, 8)
		images(&in.Features, 0.1, 4)
		images(&in.BaselineFeatures, 0.6, 4)
	}
	return in
}

func TestFidelityComparesWithTheBaseline(t *testing.T) {
	in := twoModels(40)
	metrics, _, err := Fidelity(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range [][3]string{{FID, FIDDifference, FIDDifferenceP}, {KID, KIDDifference, KIDDifferenceP}, {CMMD, CMMDDifference, CMMDDifferenceP}} {
		value, difference, p := find(t, metrics, name[0], "", ""), find(t, metrics, name[1], "", ""), find(t, metrics, name[2], "", "")
		if value.Versus != "world" || value.VersusChoice != record.Reference || difference.Versus != "base" || value.N != 160 || value.Clusters != 40 {
			t.Errorf("%+v %+v", value, difference)
		}
		if difference.Low == nil || !(*difference.Low < *difference.Value && *difference.Value < *difference.High && *difference.High < 0) || !(*p.Value < 0.05) {
			t.Errorf("%s %v [%v, %v], p %v", name[1], *difference.Value, *difference.Low, *difference.High, *p.Value)
		}
		if difference.Protocol["interval"] == "" || p.Protocol["test"] == "" {
			t.Errorf("nobody says how %s was made: %v, %v", name[1], difference.Protocol, p.Protocol)
		}
	}
	if m := find(t, metrics, FID, "", ""); m.Low != nil || m.Note == "" {
		t.Errorf("FID of so many images is biased: %+v", m)
	}

	// The other way round, and in another order of rows.
	back := in
	back.Features, back.BaselineFeatures, back.Model, back.Baseline = in.BaselineFeatures, in.Features, "base", "full"
	swapped, _, err := Fidelity(back)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{FIDDifference, KIDDifference, CMMDDifference} {
		a, b := find(t, metrics, name, "", ""), find(t, swapped, name, "", "")
		if !near(*a.Value, -*b.Value, 1e-12, 1e-9) || !near(*a.Low, -*b.High, 1e-12, 1e-9) {
			t.Errorf("%s: %v and %v", name, *a.Value, *b.Value)
		}
	}
	moved := in
	for _, of := range []*ImageFeatures{&moved.Features, &moved.BaselineFeatures, &moved.ReferenceFeatures} {
		of.Rows, of.Images = shuffled(of.Rows, 1), shuffled(of.Images, 2)
	}
	again, _, err := Fidelity(moved)
	if diff := cmp.Diff(metrics, again); diff != "" || err != nil {
		t.Errorf("the order of the rows matters: %s %v", diff, err)
	}
}

// A reference of other prompts is taken as it is, and the metrics say that.
func TestFidelityAgainstOtherPrompts(t *testing.T) {
	in := twoModels(40)
	for i := range in.ReferenceFeatures.Images {
		if i < 160 {
			in.ReferenceFeatures.Images[i].Prompt += " and more"
		}
	}
	metrics, _, err := Fidelity(in)
	if err != nil {
		t.Fatal(err)
	}
	kid := find(t, metrics, KID, "", "")
	if want := "the reference is of 40 prompts, 20 of them among the images' 40"; !strings.Contains(kid.Protocol["prompts"], want) {
		t.Error(kid.Protocol["prompts"])
	}
	for _, name := range []string{FIDDifference, KIDDifference, CMMDDifference} {
		if m := find(t, metrics, name, "", ""); m.High == nil || *m.High > 0 {
			t.Errorf("%+v", m)
		}
	}
	in.ReferenceFeatures.Images = nil
	metrics, _, err = Fidelity(in)
	if err != nil || !strings.Contains(find(t, metrics, KID, "", "").Protocol["prompts"], "not known") {
		t.Errorf("%v", err)
	}
	// Nor does a folder call its categories as the experiment does.
	in = twoModels(40)
	for i := range in.ReferenceFeatures.Images {
		in.ReferenceFeatures.Images[i].Category = ""
	}
	metrics, _, err = Fidelity(in)
	if err != nil || find(t, metrics, KID, "", "").Protocol["prompts"] != "the reference is of the same prompts" {
		t.Errorf("%v", err)
	}
}

// Without prompts the distances are those of the reference implementations.
func TestFidelityMatchesReferences(t *testing.T) {
	features := tensors(t, "testdata/fid.safetensors")
	name := "a_500x64_vs_500x64"
	pair := readExpected(t).Pairs[name]
	metrics, _, err := Fidelity(FidelityInput{
		Model: "full", Baseline: "base", Encoder: "clip", Reference: "real", Seed: 4,
		Features: featuresOf(rowsOf32(features[name+".a"]), 0), ReferenceFeatures: featuresOf(rowsOf32(features[name+".b"]), 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	fid, kid := find(t, metrics, FID, "", ""), find(t, metrics, KID, "", "")
	if !near(*fid.Value, pair.FID, 0, 1e-9) || !near(*kid.Value, *pair.KID, 1e-10, 0) {
		t.Errorf("fid %v, kid %v", *fid.Value, *kid.Value)
	}
	if kid.Low == nil || kid.Clusters != 500 || !strings.Contains(kid.Note, "prompts are not known") {
		t.Errorf("%+v", kid)
	}
	wantNone(t, find(t, metrics, FIDDifference, "", "")) // nothing says which images belong together
	wantNone(t, find(t, metrics, KIDDifference, "", ""))
}

func TestFidelityOfLittle(t *testing.T) {
	two, three := [][]float32{{1, 2}, {2, 3}}, [][]float32{{1, 2}, {2, 3}, {3, 5}}
	for _, c := range []struct {
		model, reference [][]float32
		want             string
	}{
		{two[:1], three, "m has one image, and a distance needs two"},
		{three, two[:1], "the reference real has one image, and a distance needs two"},
		{three, nil, "the reference real has no image"},
	} {
		metrics, _, err := Fidelity(FidelityInput{Model: "m", Baseline: "b", Reference: "real", Features: featuresOf(c.model, 1), BaselineFeatures: featuresOf(c.model, 1), ReferenceFeatures: featuresOf(c.reference, 1)})
		if err != nil || len(metrics) != 9 {
			t.Fatalf("%d metrics, %v", len(metrics), err)
		}
		for _, m := range metrics {
			wantNone(t, m)
			if !strings.Contains(m.Note, c.want) {
				t.Errorf("%s: %q, want %q", m.Name, m.Note, c.want)
			}
		}
	}
	// Few prompts: values, and no interval.
	metrics, _, err := Fidelity(twoModels(9))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		if m.Low != nil || m.Note == "" || (m.Value == nil) != (m.Unit == record.P) {
			t.Errorf("%s: %v, %q", m.Name, m.Value, m.Note)
		}
	}
	// One prompt: no two independent images.
	metrics, _, err = Fidelity(FidelityInput{Baseline: "b", Features: featuresOf(three, 3), BaselineFeatures: featuresOf(three, 3), ReferenceFeatures: featuresOf(three, 3)})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		if m.Value != nil && math.IsNaN(*m.Value) {
			t.Errorf("%s is NaN", m.Name)
		}
	}
	wantNone(t, find(t, metrics, KID, "", ""))
	// Features that do not vary are legal; the distance is that of the means.
	same := [][]float32{{1, 1}, {1, 1}, {1, 1}}
	metrics, _, err = Fidelity(FidelityInput{Features: featuresOf(same, 1), ReferenceFeatures: featuresOf([][]float32{{3, 1}, {3, 1}}, 1)})
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, find(t, metrics, FID, "", ""), 4)
}

// A model that draws what the baseline draws: no difference, no interval of width
// zero, no p.
func TestFidelityOfTheSameImages(t *testing.T) {
	in := twoModels(30)
	in.BaselineFeatures = in.Features
	metrics, _, err := Fidelity(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range [][2]string{{FIDDifference, FIDDifferenceP}, {KIDDifference, KIDDifferenceP}, {CMMDDifference, CMMDDifferenceP}} {
		m := find(t, metrics, name[0], "", "")
		if m.Value == nil || *m.Value != 0 || m.Low != nil || !strings.Contains(m.Note, "nothing differs") {
			t.Errorf("%+v", m)
		}
		wantNone(t, find(t, metrics, name[1], "", ""))
	}
}

func TestFidelityNamesABrokenFeature(t *testing.T) {
	good := featuresOf([][]float32{{1, 2}, {3, 4}}, 1)
	of := func(vectors ...[]float32) ImageFeatures { return featuresOf(vectors, 1) }
	for _, c := range []struct {
		in   FidelityInput
		want string
	}{
		{FidelityInput{Features: of([]float32{1, 2}, []float32{3, float32(math.NaN())}), ReferenceFeatures: good}, `features of m: image "image 1" has the feature value NaN`},
		{FidelityInput{Features: good, ReferenceFeatures: of([]float32{float32(math.Inf(1)), 2}, []float32{3, 4})}, `features of real: image "image 0"`},
		{FidelityInput{Features: good, BaselineFeatures: of([]float32{1, 2}, []float32{3}), ReferenceFeatures: good}, `features of b: image "image 1" has a feature of width 1, image "image 0" one of 2`},
		{FidelityInput{Features: of([]float32{}, []float32{3}), ReferenceFeatures: good}, "empty feature"},
		{FidelityInput{Features: good, ReferenceFeatures: of([]float32{1}, []float32{2})}, "2 of m, 1 of the reference real: they are of different encoders"},
		{FidelityInput{Features: good, BaselineFeatures: of([]float32{1}, []float32{2}), ReferenceFeatures: good}, "2 of m, 1 of b"},
	} {
		c.in.Model, c.in.Baseline, c.in.Reference = "m", "b", "real"
		if _, _, err := Fidelity(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// The distance of a model whose covariance lost directions is that of the others.
func TestRootOfASingularCovariance(t *testing.T) {
	s := mat.NewSymDense(3, []float64{4, 2, 0, 2, 5, 0, 0, 0, 0})
	root := rootOf(s)
	var back mat.Dense
	back.Mul(root.T(), root)
	for i := range 3 {
		for j := range 3 {
			if !near(back.At(i, j), s.At(i, j), 1e-12, 0) {
				t.Errorf("%d, %d: %v, want %v", i, j, back.At(i, j), s.At(i, j))
			}
		}
	}
}

// Moments without groups are those of the images that are left, where strata keep
// their shares.
func TestLeaveOut(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	x := make([][]float32, 24)
	for i := range x {
		x[i] = []float32{float32(random.NormFloat64()), float32(random.NormFloat64())}
	}
	set, err := setOf("x", featuresOf(x, 0))
	if err != nil {
		t.Fatal(err)
	}
	units := make([]int, 24)
	for i := range units {
		units[i] = i / 2
	}
	of := groupedBy(set, units, 12)
	group := []int{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}
	l := leaveOutOf(of, make([]int, 12), group)
	same := func(got, want moments) bool {
		return mat.EqualApprox(got.mean, want.mean, 1e-12) && near(got.trace, want.trace, 1e-12, 0)
	}
	if !same(l.moments(), momentsOf(of.x)) {
		t.Error("of all")
	}
	var kept []int
	for row := range 24 {
		if g := group[row/2]; g != 1 && g != 3 {
			kept = append(kept, row)
		}
	}
	if !same(l.moments(1, 3), momentsOf(rowsOf(of.x, kept))) {
		t.Error("without two groups")
	}
	// Two strata of 4 and 8 units: without one unit of the first its others weigh 4/3.
	strata := []int{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}
	group = []int{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	var want float64
	for row := range 24 {
		switch {
		case row >= 8:
			want += of.x.At(row, 0) / 24
		case row >= 2:
			want += of.x.At(row, 0) * 4 / 3 / 24
		}
	}
	if got := leaveOutOf(of, strata, group).moments(0).mean.AtVec(0); !near(got, want, 1e-12, 0) {
		t.Errorf("mean %v, want %v", got, want)
	}
}

func TestFloor(t *testing.T) {
	in := twoModels(20)
	in.Baseline = ""
	held := func(t *testing.T, in FidelityInput) (record.Metric, []string) {
		t.Helper()
		taken, rest := holdOut(in.ReferenceFeatures, in.Features, in.Seed)
		if len(taken.Rows)+len(rest.Rows) != len(in.ReferenceFeatures.Rows) {
			t.Errorf("%d and %d of %d", len(taken.Rows), len(rest.Rows), len(in.ReferenceFeatures.Rows))
		}
		prompts := textsOf(in.ReferenceFeatures)
		var texts []string
		for _, row := range taken.Rows {
			texts = append(texts, prompts[row.ImageID])
		}
		metrics, _, err := Floor(in)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(metrics, func(m record.Metric) bool { return m.Choice != record.OtherDraws || m.Subject != "world" }) {
			t.Errorf("%+v", metrics)
		}
		return find(t, metrics, FID, "", ""), texts
	}
	// Four of eight of every prompt.
	m, texts := held(t, in)
	counts := map[string]int{}
	for _, text := range texts {
		counts[text]++
	}
	for text, n := range counts {
		if n != 4 {
			t.Errorf("%d of %s", n, text)
		}
	}
	if m.Value == nil || m.Protocol["held out"] != "80 of the reference's 160 images, measured against the other 80" {
		t.Errorf("%+v", m)
	}
	// Of other prompts whole ones, at most half.
	for i := range in.ReferenceFeatures.Images {
		in.ReferenceFeatures.Images[i].Prompt += " and more"
	}
	_, texts = held(t, in)
	counts = map[string]int{}
	for _, text := range texts {
		counts[text]++
	}
	for text, n := range counts {
		if n != 8 {
			t.Errorf("%d of %s", n, text)
		}
	}
	if len(counts) != 10 {
		t.Errorf("%d prompts", len(counts))
	}
	// Without prompts single images.
	in.ReferenceFeatures.Images = nil
	if m, _ := held(t, in); m.N != 80 {
		t.Errorf("%+v", m)
	}
	in.ReferenceFeatures.Rows = in.ReferenceFeatures.Rows[:3]
	metrics, _, err := Floor(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		wantNone(t, m)
		if want := "the reference world has 3 images: too few to hold some out"; m.Note != want {
			t.Error(m.Note)
		}
	}
}
