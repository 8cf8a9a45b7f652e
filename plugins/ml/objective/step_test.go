package objective

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// seen is what a row says, and the first number that its random source gives.
type seen struct {
	image         int
	factor, label float64
	random        uint64
}

// all are the rows of a step, whatever their parts and chunks.
func all(s *Step, step int) []seen {
	var list []seen
	for part := range s.Parts() {
		for chunk := range s.chunks() {
			for _, r := range s.rows(step, part, chunk) {
				list = append(list, seen{r.Image, r.factor, r.label, r.Random.Uint64()})
			}
		}
	}
	return list
}

// singles are examples of one image each; factors nil: all 1.
func singles(images []int, factors []float64) []Example {
	var examples []Example
	for i, image := range images {
		e := Example{Images: []int{image}, Factor: 1}
		if factors != nil {
			e.Factor = factors[i]
		}
		examples = append(examples, e)
	}
	return examples
}

func stepOf(images, micro, chunks int) *Step {
	return &Step{
		Terms: []*Term{
			NewTerm("reward_weighted", 2, rewardWeighted{}, singles([]int{10, 11, 12, 13, 14}, []float64{0, 0.5, 1, 1.5, 2}), 1),
			NewTerm("pretraining", 0.5, denoising{}, singles([]int{20, 21, 22}, nil), 2),
		},
		Images: images, Micro: micro, Chunks: chunks, Seed: 4,
	}
}

// TestRows: what a step learns from depends on the seed and the step, not on how
// the step is cut; and every image has its factor.
func TestRows(t *testing.T) {
	whole := all(stepOf(6, 0, 0), 3)
	if len(whole) != 12 {
		t.Fatalf("a step has %d images", len(whole))
	}
	for i, s := range whole {
		want := 0.5 / 6
		if i%2 == 0 { // terms alternate
			want = 2 * float64(s.image-10) / 2 / 6
		}
		if (s.image < 20) != (i%2 == 0) || math.Abs(s.factor-want) > 1e-12 {
			t.Errorf("position %d holds image %d with factor %v, want %v", i, s.image, s.factor, want)
		}
	}
	for _, cut := range [][2]int{{12, 1}, {12, 2}, {4, 2}, {3, 1}, {1, 1}, {100, 3}} {
		s := stepOf(6, cut[0], cut[1])
		for _, step := range []int{0, 7} { // whatever was asked before
			all(s, step)
		}
		if got := all(s, 3); !reflect.DeepEqual(got, whole) {
			t.Errorf("in parts of %d and %d chunks the images are others:\n%v\n%v", cut[0], cut[1], got, whole)
		}
	}
	padded := stepOf(6, 5, 1)
	if got := all(padded, 3); padded.Parts() != 3 || !reflect.DeepEqual(got[:12], whole) {
		t.Errorf("%d parts of 5: %v", padded.Parts(), got)
	} else {
		for _, s := range got[12:] {
			if s.factor != 0 || s.label != 0 {
				t.Errorf("what fills up the last part counts: %+v", s)
			}
		}
	}
	if other := all(stepOf(6, 0, 0), 4); reflect.DeepEqual(other, whole) {
		t.Error("two steps have the same images")
	}
}

// pairsStep has a loss of pairs beside one of single images.
func pairsStep(images, micro, chunks int) *Step {
	return &Step{
		Terms: []*Term{
			NewTerm("diffusion_dpo", 1, diffusionDPO{}, []Example{
				{Images: []int{10, 11}, Factor: 1, Label: 1}, {Images: []int{12, 13}, Factor: 1, Label: 1}, {Images: []int{14, 15}, Factor: 1, Label: 1},
			}, 1),
			NewTerm("pretraining", 0.5, denoising{}, singles([]int{20, 21, 22}, nil), 2),
		},
		Images: images, Micro: micro, Chunks: chunks, Seed: 4,
	}
}

// TestRowsOfPairs: the better image of a pair stands before the worse one, in one
// chunk, and both have the same random numbers; nothing else has them.
func TestRowsOfPairs(t *testing.T) {
	whole := all(pairsStep(4, 0, 0), 2)
	if len(whole) != 8 {
		t.Fatalf("a step has %d images", len(whole))
	}
	randoms := map[uint64]int{}
	for i := 0; i < len(whole); i += 2 {
		a, b := whole[i], whole[i+1]
		randoms[a.random]++
		if i%4 == 0 {
			if b.image != a.image+1 || a.label != 1 || b.label != -1 || a.random != b.random || a.factor != 0.25 || b.factor != 0.25 {
				t.Errorf("pair %d: %+v, %+v", i/4, a, b)
			}
			continue
		}
		randoms[b.random]++
		if a.image < 20 || b.image < 20 || a.label != 0 || a.factor != 0.125 {
			t.Errorf("single images: %+v, %+v", a, b)
		}
	}
	if len(randoms) != 6 {
		t.Errorf("%d sources for two pairs and four images", len(randoms))
	}
	for _, cut := range [][2]int{{8, 1}, {8, 2}, {8, 4}, {8, 8}, {4, 1}, {2, 1}, {2, 2}} {
		s := pairsStep(4, cut[0], cut[1])
		if got := all(s, 2); !reflect.DeepEqual(got, whole) {
			t.Errorf("in parts of %d and %d chunks the images are others", cut[0], cut[1])
		}
		if size := s.part() / s.chunks(); size%2 != 0 {
			t.Errorf("chunks of %d images", size)
		}
	}
	// Over an epoch, every pair is met once.
	count := map[int]int{}
	s := pairsStep(2, 0, 0)
	for step := range 3 {
		count[all(s, step)[0].image]++
	}
	if want := map[int]int{10: 1, 12: 1, 14: 1}; !reflect.DeepEqual(count, want) {
		t.Errorf("pairs met in three steps: %v", count)
	}
	for _, wrong := range []*Step{pairsStep(3, 0, 0), pairsStep(4, 3, 0)} {
		if err := wrong.check(); err == nil || !strings.Contains(err.Error(), "half a pair") {
			t.Errorf("%d images a step, %d a part: error %v", wrong.Images, wrong.Micro, err)
		}
	}
	if err := pairsStep(4, 6, 0).check(); err != nil {
		t.Error(err)
	}
}

// TestCheckSizes: the names of the losses are enough to refuse half a pair.
func TestCheckSizes(t *testing.T) {
	singles, pairs := []sdk.TuneLoss{{Name: "pretraining"}}, []sdk.TuneLoss{{Name: "pretraining"}, {Name: "diffusion_dpo"}}
	if Group(singles) != 1 || Group(pairs) != 2 {
		t.Errorf("groups of %d and %d images", Group(singles), Group(pairs))
	}
	for _, test := range []struct {
		losses       []sdk.TuneLoss
		batch, micro int
		want         string
	}{
		{singles, 3, 0, ""},
		{singles, 4, 1, ""},
		{pairs, 4, 0, ""},
		{pairs, 4, 6, ""},
		{pairs, 4, 9, ""}, // more than the step has: one part
		{pairs, 3, 0, "batch_size is 3"},
		{pairs, 3, 2, "batch_size is 3"},
		{pairs, 4, 3, "micro_batch_size is 3"},
		{pairs, 4, 7, "micro_batch_size is 7"},
	} {
		err := CheckSizes(test.losses, test.batch, test.micro)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%d losses, %d images a step, %d a part: error %v, want %q", len(test.losses), test.batch, test.micro, err, test.want)
		}
	}
}

// TestValues: averages of each term, without what fills up.
func TestValues(t *testing.T) {
	s := stepOf(2, 3, 1)
	columns := [][]string{{"loss/reward_weighted", "spread/reward_weighted"}, {"loss/pretraining"}}
	got := s.values(columns, [][]float32{
		{1, 10, 3}, {5, 99, 7}, {1, 10, 3},
		{20, 99, 99}, {99, 99, 99}, {20, 99, 99},
	})
	if want := map[string]float64{"loss/reward_weighted": 2, "spread/reward_weighted": 6, "loss/pretraining": 15}; !reflect.DeepEqual(got, want) {
		t.Errorf("values %v, want %v", got, want)
	}
}

// TestIdentify: a job that is asked for again is the same wherever its result
// is put, and another one with other settings.
func TestIdentify(t *testing.T) {
	of := func(model int, r sdk.TuneRequest) string {
		t.Helper()
		identity, err := Identify(model, r)
		if err != nil {
			t.Fatal(err)
		}
		return identity
	}
	one := of(1, sdk.TuneRequest{Seed: 1, Output: "a", Scratch: "b"})
	if again := of(1, sdk.TuneRequest{Seed: 1, Output: "c", Scratch: "d"}); again != one {
		t.Error("another directory makes it another job")
	}
	for _, other := range []string{of(2, sdk.TuneRequest{Seed: 1}), of(1, sdk.TuneRequest{Seed: 2}), of(1, sdk.TuneRequest{Seed: 1, Options: []byte(`{"a":1}`)})} {
		if other == one {
			t.Error("two jobs have one identity")
		}
	}
}
