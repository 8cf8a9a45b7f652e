package nn

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// TestRecomputed: a block that is computed twice has the gradients of one that
// is kept, and these depend on nothing from inside the first computation.
func TestRecomputed(t *testing.T) {
	backend := backendstest.Backend(t)
	run := func(twice bool) (results [][]float32, kept bool) {
		store := model.NewStore()
		frozen := func() {
			for v := range store.IterVariables() {
				v.SetTrainable(v.Path() != "/frozen.weight")
			}
		}
		p := NewParams(store, 1)
		exec, err := model.NewExec(backend, store, func(_ *model.Scope, in []*Node) []*Node {
			x, side := in[0], in[1]
			Linear(p.In("frozen"), x, 5, FanIn(1)) // so that it is there
			frozen()
			q := p
			if twice {
				q = p.Recomputing()
			}
			var inside []*Node
			y := Recomputed(q, []*Node{x, side}, func(p Params, in []*Node) *Node {
				h := GELU(Dense(p.In("one"), in[0], 5, FanIn(2)))
				inside = append(inside, h)
				h = LayerNorm(p.In("norm"), Add(h, Linear(p.In("frozen"), in[1], 5, FanIn(1))))
				return Add(in[0], Dense(p.In("two"), h, 5, FanIn(1)))
			})
			objective := ReduceAllSum(Mul(y, y))
			of := []*Node{x, side}
			for _, name := range []string{"/one.weight", "/one.bias", "/norm.weight", "/norm.bias", "/two.weight", "/two.bias"} {
				of = append(of, store.GetVariable(name).NodeValue(x.Graph()))
			}
			gradients := Gradient(objective, of...)
			kept = false
			for _, g := range gradients {
				kept = kept || reaches(g, inside[0], y, map[*Node]bool{})
			}
			if twice != (len(inside) == 2) {
				t.Errorf("recomputing %v: the block is built %d times", twice, len(inside))
			}
			return append([]*Node{objective}, gradients...)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer exec.Finalize()
		a, b := make([]float32, 35), make([]float32, 35)
		for i := range a {
			a[i], b[i] = float32(math.Sin(float64(i))), float32(math.Cos(float64(3*i)))
		}
		outputs, err := exec.Exec(tensors.FromFlatDataAndDimensions(a, 7, 5), tensors.FromFlatDataAndDimensions(b, 7, 5))
		if err != nil {
			t.Fatal(err)
		}
		for _, output := range outputs {
			results = append(results, tensors.MustCopyFlatData[float32](output))
		}
		return results, kept
	}
	want, kept := run(false)
	if !kept {
		t.Error("gradients do not depend on what is computed on the way: the test looks at the wrong node")
	}
	got, kept := run(true)
	if kept {
		t.Error("gradients depend on the inside of the first computation, which must then be kept")
	}
	for i := range want {
		largest := 0.0
		for _, v := range want[i] {
			largest = math.Max(largest, math.Abs(float64(v)))
		}
		for j, v := range want[i] {
			if d := math.Abs(float64(v - got[i][j])); !(d <= 1e-5*largest) || largest == 0 {
				t.Fatalf("result %d: number %d is %v, want %v", i, j, got[i][j], v)
			}
		}
	}
}

// reaches reports whether from is computed of to, not counting the ways through
// past.
func reaches(from, to, past *Node, seen map[*Node]bool) bool {
	if from == to {
		return true
	}
	if from == past || seen[from] {
		return false
	}
	seen[from] = true
	for _, input := range from.Inputs() {
		if reaches(input, to, past, seen) {
			return true
		}
	}
	return false
}
