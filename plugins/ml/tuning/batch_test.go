package tuning

import (
	"math"
	"reflect"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// seen is what a slot says, and the first number that its random source gives.
type seen struct {
	example int
	factor  float64
	random  uint64
}

// all are the slots of a step, whatever their parts and chunks.
func all(b *Batch, step int) []seen {
	var list []seen
	for part := range b.Parts() {
		for chunk := range b.chunks() {
			for _, slot := range b.Slots(step, part, chunk) {
				list = append(list, seen{slot.Example, slot.Factor, slot.Random.Uint64()})
			}
		}
	}
	return list
}

func batchOf(images, micro, chunks int) *Batch {
	return &Batch{
		Terms: []*Term{
			NewTerm(RewardWeighted, 2, []int{10, 11, 12, 13, 14}, []float64{0, 0.5, 1, 1.5, 2}, 1),
			NewTerm(Pretraining, 0.5, []int{20, 21, 22}, nil, 2),
		},
		Images: images, Micro: micro, Chunks: chunks, Seed: 4,
	}
}

// TestSlots: what a step learns from depends on the seed and the step, not on
// how the step is cut; and every example has its factor.
func TestSlots(t *testing.T) {
	whole := all(batchOf(6, 0, 0), 3)
	if len(whole) != 12 {
		t.Fatalf("a step has %d examples", len(whole))
	}
	var factors float64
	for i, s := range whole {
		want := 0.5 / 6
		if i%2 == 0 { // terms alternate
			want = 2 * float64(s.example-10) / 2 / 6
		}
		if (s.example < 20) != (i%2 == 0) || math.Abs(s.factor-want) > 1e-12 {
			t.Errorf("place %d holds example %d with factor %v, want %v", i, s.example, s.factor, want)
		}
		factors += s.factor
	}
	for _, cut := range [][2]int{{12, 1}, {12, 2}, {4, 2}, {3, 1}, {1, 1}, {100, 3}} {
		b := batchOf(6, cut[0], cut[1])
		for _, step := range []int{0, 7} { // whatever was asked before
			all(b, step)
		}
		if got := all(b, 3); !reflect.DeepEqual(got, whole) {
			t.Errorf("in parts of %d and %d chunks the examples are others:\n%v\n%v", cut[0], cut[1], got, whole)
		}
	}
	padded := batchOf(6, 5, 1)
	if got := all(padded, 3); padded.Parts() != 3 || !reflect.DeepEqual(got[:12], whole) {
		t.Errorf("%d parts of 5: %v", padded.Parts(), got)
	} else {
		for _, s := range got[12:] {
			if s.factor != 0 {
				t.Errorf("what fills up the last part counts: %+v", s)
			}
		}
	}
	if other := all(batchOf(6, 0, 0), 4); reflect.DeepEqual(other, whole) {
		t.Error("two steps have the same examples")
	}
}

// TestValues: averages of each term, without what fills up.
func TestValues(t *testing.T) {
	b := batchOf(2, 3, 1)
	got := b.values([][]float32{{1, 10, 3}, {20, 99, 99}})
	if want := map[string]float64{"loss/" + RewardWeighted: 2, "loss/" + Pretraining: 15}; !reflect.DeepEqual(got, want) {
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
