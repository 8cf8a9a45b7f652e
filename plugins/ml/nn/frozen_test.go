package nn

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// storeOf holds vectors by path.
func storeOf(t *testing.T, weights map[string][]float32) *model.Store {
	t.Helper()
	store := model.NewStore()
	for path, values := range weights {
		if _, err := store.CreateVariable(path, tensors.FromFlatDataAndDimensions(values, len(values))); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// frozenAnd reads a weight of two numbers as it is and as it was frozen, with the
// gradient by the weight of the sum of both, squared.
func frozenAnd(t *testing.T, store *model.Store, name string) (now, kept, gradient []float32) {
	t.Helper()
	exec, err := model.NewExec(backendstest.Backend(t), store, func(_ *model.Scope, in []*Node) []*Node {
		p := LoadedParams(store)
		a, b := p.Weight(in[0].Graph(), name, ZerosInit, 2), p.Frozen().Weight(in[0].Graph(), name, ZerosInit, 2)
		sum := Add(a, b)
		v := store.GetVariable("/" + name).NodeValue(in[0].Graph())
		return []*Node{a, b, Gradient(ReduceAllSum(Mul(sum, sum)), v)[0]}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Exec(float32(0))
	if err != nil {
		t.Fatal(err)
	}
	var numbers [3][]float32
	for i := range numbers {
		numbers[i] = tensors.MustCopyFlatData[float32](out[i])
	}
	return numbers[0], numbers[1], numbers[2]
}

func expectNumbers(t *testing.T, what string, got []float32, want ...float32) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s is %v, want %v", what, got, want)
			return
		}
	}
}

// TestFreeze: what is trained is kept as it was, what is not is shared, and no
// gradient goes through either.
func TestFreeze(t *testing.T) {
	store := storeOf(t, map[string][]float32{"/trained": {1, 2}, "/fixed": {3, 4}})
	store.GetVariable("/fixed").SetTrainable(false)
	for range 2 { // frozen again, it stays what it was first
		if err := Freeze(store); err != nil {
			t.Fatal(err)
		}
		if err := store.GetVariable("/trained").SetValue(tensors.FromFlatDataAndDimensions([]float32{5, 6}, 2)); err != nil {
			t.Fatal(err)
		}
	}
	now, kept, gradient := frozenAnd(t, store, "trained")
	expectNumbers(t, "the weight", now, 5, 6)
	expectNumbers(t, "what was frozen", kept, 1, 2)
	expectNumbers(t, "the gradient", gradient, 2*(5+1), 2*(6+2)) // by the weight alone
	_, kept, _ = frozenAnd(t, store, "fixed")
	expectNumbers(t, "what is not trained", kept, 3, 4)
	frozen := 0
	for v := range store.IterVariables() {
		if IsFrozen(v.Path()) {
			frozen++
			if v.Trainable {
				t.Errorf("%s would be trained", v.Path())
			}
		}
	}
	if frozen != 1 {
		t.Errorf("%d frozen copies, want that of the trained weight", frozen)
	}
}

// TestFreezeFrom: the weights of another store, all of them, which has them no more;
// of another network they are refused by the name of one.
func TestFreezeFrom(t *testing.T) {
	store := storeOf(t, map[string][]float32{"/a": {1, 2}, "/adapter": {0, 0}})
	from := storeOf(t, map[string][]float32{"/a": {7, 8}})
	if err := FreezeFrom(store, from); err != nil {
		t.Fatal(err)
	}
	if from.GetVariable("/a").HasValue() {
		t.Error("the reference is in memory twice")
	}
	from.Finalize()
	_, kept, _ := frozenAnd(t, store, "a")
	expectNumbers(t, "the reference", kept, 7, 8)
	for want, reference := range map[string]map[string][]float32{
		`"a" is [3], and [2]`:    {"/a": {1, 2, 3}},
		`"b" has no counterpart`: {"/b": {1}},
	} {
		err := FreezeFrom(storeOf(t, map[string][]float32{"/a": {1, 2}}), storeOf(t, reference))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
}
