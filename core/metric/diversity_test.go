package metric

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// The examples of the reference implementation's description (vertaix/Vendi-Score), which
// cuts what follows the fourth digit.
func TestVendiScore(t *testing.T) {
	near := func(items []float64) *mat.SymDense { // exp(-|a-b|)
		k := mat.NewSymDense(len(items), nil)
		for i, a := range items {
			for j, b := range items {
				k.SetSym(i, j, math.Exp(-math.Abs(a-b)))
			}
		}
		return k
	}
	for _, c := range []struct {
		name string
		k    mat.Symmetric
		n    int
		want float64
	}{
		{"three pairs", near([]float64{0, 0, 10, 10, 20, 20}), 6, 2.9999},
		{"two alike, one not", mat.NewSymDense(3, []float64{1, 0.9, 0, 0.9, 1, 0, 0, 0, 1}), 3, 2.1573},
		{"all the same", mat.NewSymDense(3, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1}), 3, 1},
		{"all unlike", mat.NewSymDense(3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}), 3, 3},
	} {
		got, err := vendi(c.k, c.n)
		if err != nil || got < c.want-1e-12 || got >= c.want+1e-4 {
			t.Errorf("%s: %.5f, %v; want %.4f", c.name, got, err, c.want)
		}
	}
}

// More images than the features have numbers are measured by the smaller matrix.
func TestVendiScoreOfManyImages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(9, 4, nil)
	for i := range 9 {
		for j := range 4 {
			x.Set(i, j, random.NormFloat64())
		}
	}
	x = directions(x)
	var k mat.SymDense
	k.SymOuterK(1, x)
	want, _ := vendi(&k, 9)
	if got, err := vendiOfFeatures(x); err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

// ofPrompts is features of images of prompts, in categories "even" and "odd".
func ofPrompts(prompts ...[][]float32) ImageFeatures {
	var of ImageFeatures
	for p, vectors := range prompts {
		for i, vector := range vectors {
			id := fmt.Sprintf("%d/%d", p, i)
			of.Rows = append(of.Rows, table.Feature{ImageID: id, Vector: vector})
			of.Images = append(of.Images, table.Image{ID: id, Prompt: fmt.Sprint("prompt ", p), Category: []string{"even", "odd"}[p%2], Split: "seen"})
		}
	}
	return of
}

// diversityOf is the metrics by name, over all prompts.
func diversityOf(t *testing.T, in DiversityInput) map[string]record.Metric {
	t.Helper()
	metrics, _, err := Diversity(in)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]record.Metric{}
	for _, m := range metrics {
		if m.Category == "" && m.Split == "" {
			found[m.Name] = m
		}
	}
	return found
}

// By hand: features at right angles have the distance 1 and the Vendi score 2, at 60
// degrees 1/2 and exp(-(3/4) log (3/4) - (1/4) log (1/4)), whatever their length.
func TestDiversity(t *testing.T) {
	right := [][]float32{{1, 0}, {0, 5}}
	sixty := [][]float32{{2, 0}, {0.5, float32(math.Sqrt(0.75))}}
	same := [][]float32{{3, 4}, {0.6, 0.8}}
	v60 := math.Exp(-0.75*math.Log(0.75) - 0.25*math.Log(0.25))
	in := DiversityInput{
		Model: "tuned", Baseline: "base", Encoder: "clip", Component: "clip",
		Features:         ofPrompts(same, sixty, sixty, same, same, sixty),
		BaselineFeatures: ofPrompts(right, right, right, sixty, right, right),
	}
	found := diversityOf(t, in)
	for name, want := range map[string]float64{
		PairwiseDistance: 1.0 / 4, VendiScore: (1 + v60) / 2,
		PairwiseDistanceDifference: 1.0/4 - (5+0.5)/6, VendiScoreDifference: (1+v60)/2 - (10+v60)/6,
		// All six differ downwards: 2 of the 64 sign patterns are as far.
		PairwiseDistanceDifferenceP: 2.0 / 64, VendiScoreDifferenceP: 2.0 / 64,
	} {
		m := found[name]
		if m.Value == nil || math.Abs(*m.Value-want) > 1e-7 {
			t.Errorf("%s: %v (%s), want %v", name, m.Value, m.Note, want)
			continue
		}
		if m.N != 12 || m.Clusters != 6 || m.Encoder != "clip" || m.Protocol[ImagesAPrompt] != "2" {
			t.Errorf("%s: n %d of %d prompts by %q, %v", name, m.N, m.Clusters, m.Encoder, m.Protocol)
		}
		// Of six prompts of which half are at the lower end too few carry the mean.
		if carried := name == PairwiseDistance || name == VendiScore; m.Unit != record.P && (m.Low == nil) != carried {
			t.Errorf("%s has the interval %v: %s", name, m.Low, m.Note)
		}
	}
	metrics, values, err := Diversity(in)
	if err != nil || len(values) != 12 {
		t.Fatalf("%d values, %v", len(values), err)
	}
	at := slices.IndexFunc(metrics, func(m record.Metric) bool { return m.Name == PairwiseDistance && m.Category == "odd" && m.Split == "" })
	if at < 0 || math.Abs(*metrics[at].Value-1.0/3) > 1e-7 || metrics[at].Low != nil {
		t.Errorf("of a category: %+v", metrics[at])
	}
}

// The mean over pairs is what the sum of all images gives.
func TestPairwiseDistanceIsOfAllPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	x := mat.NewDense(5, 7, nil)
	for i := range 5 {
		for j := range 7 {
			x.Set(i, j, random.NormFloat64()+1)
		}
	}
	x = directions(x)
	var sum float64
	for i := range 5 {
		for j := range 5 {
			if i != j {
				sum += 1 - mat.Dot(x.RowView(i), x.RowView(j))
			}
		}
	}
	if got := pairwiseDistance(x); math.Abs(got-sum/20) > 1e-12 {
		t.Errorf("%v, want %v", got, sum/20)
	}
}

// What cannot be measured has no value and says why; what can be is measured without it.
func TestDiversityThatCannotBeHad(t *testing.T) {
	pair, one := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 0}}
	for _, c := range []struct {
		name            string
		model, baseline ImageFeatures
		says            string
	}{
		{"single images", ofPrompts(one, one), ofPrompts(one, one), "no prompt has two images"},
		{"no images", ImageFeatures{}, ofPrompts(pair), "no prompt has two images"},
		{"no prompts", featuresOf([][]float32{{1, 0}, {0, 1}}, 0), ofPrompts(pair), "the prompts of the images are not known"},
		{"no direction", ofPrompts([][]float32{{1, 0}, {0, 0}}), ofPrompts(pair), `image "0/1" of m`},
	} {
		found := diversityOf(t, DiversityInput{Model: "m", Baseline: "b", Features: c.model, BaselineFeatures: c.baseline})
		if len(found) != 6 {
			t.Errorf("%s: %d metrics", c.name, len(found))
		}
		for name, m := range found {
			if m.Value != nil || !strings.Contains(m.Note, c.says) {
				t.Errorf("%s: %s is %v: %s", c.name, name, m.Value, m.Note)
			}
		}
	}
	for value, says := range map[float32]string{float32(math.NaN()): "feature value NaN", float32(math.Inf(1)): "feature value +Inf"} {
		if _, _, err := Diversity(DiversityInput{Model: "m", Features: ofPrompts([][]float32{{1, 0}, {0, value}})}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", value, err)
		}
	}

	// A prompt of one image is left out, and the Vendi score compares equally many.
	three := [][]float32{{1, 0}, {0, 1}, {1, 0}}
	found := diversityOf(t, DiversityInput{Model: "m", Baseline: "b", Features: ofPrompts(pair, one, three), BaselineFeatures: ofPrompts(pair, pair, pair)})
	if m := found[PairwiseDistance]; m.Clusters != 2 || m.N != 5 || m.Protocol["left out"] != "1 of 3 prompts, which have one image" || m.Protocol[ImagesAPrompt] != "2 to 3" {
		t.Errorf("with a single image: %+v", m)
	}
	if m := found[PairwiseDistanceDifference]; m.Clusters != 2 || m.Value == nil {
		t.Errorf("difference: %+v", m)
	}
	if m := found[VendiScoreDifference]; m.Clusters != 1 || !strings.Contains(m.Note, "1 of 2 prompts have another number of images of b") {
		t.Errorf("Vendi difference: %+v", m)
	}
	other := ofPrompts(pair)
	other.Images[0].Prompt, other.Images[1].Prompt = "another", "another"
	if m := diversityOf(t, DiversityInput{Model: "m", Baseline: "b", Features: ofPrompts(pair), BaselineFeatures: other})[VendiScoreDifference]; m.Value != nil || m.Note == "" {
		t.Errorf("of other prompts: %+v", m)
	}
}

// Images that are all the same are so to the last digit.
func TestDiversityOfOneImage(t *testing.T) {
	same := [][]float32{{0.1, 0.7, 0.3}, {0.1, 0.7, 0.3}, {0.1, 0.7, 0.3}}
	found := diversityOf(t, DiversityInput{Model: "m", Features: ofPrompts(same, same, same, same, same, same, same)})
	if d, v := found[PairwiseDistance], found[VendiScore]; *d.Value != 0 || *v.Value != 1 || d.Low != nil && *d.Low < 0 || v.Low != nil && *v.Low < 1 {
		t.Errorf("%v %v %v %v", *d.Value, *v.Value, d.Low, v.Low)
	}
}

// The result is the same bits in any order of rows and on any number of processors.
func TestDiversityIsDeterministic(t *testing.T) {
	in := twoModels(40)
	of := DiversityInput{Model: "m", Baseline: "b", Features: in.Features, BaselineFeatures: in.BaselineFeatures, Seed: 3}
	want, values, err := Diversity(of)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	of.Features.Rows = slices.Clone(of.Features.Rows)
	slices.Reverse(of.Features.Rows)
	got, again, err := Diversity(of)
	if diff := cmp.Diff(want, got); diff != "" || err != nil || !cmp.Equal(values, again) {
		t.Errorf("%v (-first +again):\n%s", err, diff)
	}
}

// Intervals and differences are on the number's own scale, and differences are those of
// the two numbers.
func TestDiversityIntervalsAreOfItsScale(t *testing.T) {
	in := twoModels(40)
	found := diversityOf(t, DiversityInput{Model: "m", Baseline: "b", Features: in.Features, BaselineFeatures: in.BaselineFeatures, Seed: 3})
	theirs := diversityOf(t, DiversityInput{Model: "b", Features: in.BaselineFeatures, Seed: 3})
	for _, q := range diversityQuantities {
		own, difference, other := found[q.name], found[q.difference], theirs[q.name]
		if own.Low == nil || *own.Low <= q.least || *own.Low >= *own.Value || *own.High <= *own.Value || *own.High > q.most(4) {
			t.Errorf("%s: %v [%v, %v]", q.name, *own.Value, own.Low, own.High)
		}
		if got, want := *difference.Value, *own.Value-*other.Value; math.Abs(got-want) > 1e-12 || *difference.Low > got || *difference.High < got {
			t.Errorf("%s: %v [%v, %v], want %v", q.difference, got, *difference.Low, *difference.High, want)
		}
	}
}
