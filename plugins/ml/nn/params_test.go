package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// openBackend opens the pure-Go backend, one for all tests.
func openBackend(t *testing.T) compute.Backend {
	t.Helper()
	return backendstest.Backend(t)
}

// array is a float32 tensor on the host.
type array struct {
	dims []int
	data []float32
}

func (a array) tensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(slices.Clone(a.data), a.dims...)
}

// random draws an array from a standard normal distribution.
func random(seed uint64, dims ...int) array {
	source := rand.New(rand.NewPCG(seed, 0))
	a := array{dims: dims, data: make([]float32, safetensors.Size(dims))}
	for i := range a.data {
		a.data[i] = float32(source.NormFloat64())
	}
	return a
}

// run builds and executes a graph with the weights in store.
func run(t *testing.T, store *model.Store, build func(inputs []*Node) []*Node, inputs ...array) []array {
	t.Helper()
	exec, err := model.NewExec(openBackend(t), store, func(_ *model.Scope, inputs []*Node) []*Node { return build(inputs) })
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	var args []any
	for _, input := range inputs {
		args = append(args, input.tensor())
	}
	outputs, err := exec.Exec(args...)
	if err != nil {
		t.Fatal(err)
	}
	var results []array
	for _, output := range outputs {
		results = append(results, array{slices.Clone(output.Shape().Dimensions), tensors.MustCopyFlatData[float32](output)})
	}
	return results
}

// expect compares arrays up to tolerance, relative to the largest element.
func expect(t *testing.T, what string, got, want array, tolerance float64) {
	t.Helper()
	if !slices.Equal(got.dims, want.dims) {
		t.Errorf("%s: shape %v, want %v", what, got.dims, want.dims)
		return
	}
	scale, worst, place := 1.0, 0.0, 0
	for i, w := range want.data {
		scale = math.Max(scale, math.Abs(float64(w)))
		if d := math.Abs(float64(got.data[i]) - float64(w)); !(d <= worst) {
			worst, place = d, i
		}
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s: element %d is %v, want %v", what, place, got.data[place], want.data[place])
	}
}

// weight is a weight of the store, on the host.
func weight(t *testing.T, store *model.Store, path string) array {
	t.Helper()
	v := store.GetVariable(path)
	if v == nil {
		t.Fatalf("there is no weight %q", path)
	}
	return array{slices.Clone(v.Shape().Dimensions), tensors.MustCopyFlatData[float32](v.MustValue())}
}

// TestSeedGivesTheSameWeights whatever the order in which layers are built.
func TestSeedGivesTheSameWeights(t *testing.T) {
	build := func(seed uint64, names ...string) *model.Store {
		store := model.NewStore()
		run(t, store, func(inputs []*Node) []*Node {
			p := NewParams(store, seed).In("net")
			sum := ScalarZero(inputs[0].Graph(), dtypes.Float32)
			for _, name := range names {
				sum = Add(sum, ReduceAllSum(Dense(p.In(name), inputs[0], 5, FanIn(1))))
			}
			return []*Node{sum}
		}, random(1, 2, 3))
		return store
	}
	one, other, third := build(7, "a", "b"), build(7, "b", "a"), build(8, "a", "b")
	for _, path := range []string{"/net.a.weight", "/net.b.weight"} {
		if a, b := weight(t, one, path), weight(t, other, path); !slices.Equal(a.data, b.data) {
			t.Errorf("%s depends on the order of building", path)
		}
		if a, b := weight(t, one, path), weight(t, third, path); slices.Equal(a.data, b.data) {
			t.Errorf("%s does not depend on the seed", path)
		}
	}
	if a, b := weight(t, one, "/net.a.weight"), weight(t, one, "/net.b.weight"); slices.Equal(a.data, b.data) {
		t.Error("two layers have the same weights")
	}
}

// TestGoldenWeights pins the first weights of a seed: a trained model's
// experiment must start from the same network tomorrow.
func TestGoldenWeights(t *testing.T) {
	store := model.NewStore()
	run(t, store, func(inputs []*Node) []*Node {
		return []*Node{Dense(NewParams(store, 42).In("block0").In("in"), inputs[0], 2, FanIn(1))}
	}, random(1, 1, 2))
	source := rand.New(rand.NewPCG(42, 0xd12979472f7ccbb8)) // FNV-1a of "/block0.in.weight"
	for i, got := range weight(t, store, "/block0.in.weight").data {
		if want := float32(source.NormFloat64() * math.Sqrt(0.5)); got != want {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
	}
}

func TestInitializers(t *testing.T) {
	dims := []int{3, 3, 50, 40} // fan-in 450
	for _, test := range []struct {
		name       string
		initialize Initializer
		mean, dev  float64
	}{
		{"zeros", ZerosInit, 0, 0},
		{"ones", OnesInit, 1, 0},
		{"fan-in", FanIn(2), 0, math.Sqrt(2.0 / 450)},
		{"normal", Normal(0.1), 0, 0.1},
	} {
		out := make([]float32, safetensors.Size(dims))
		out[0] = 9 // it must be overwritten
		test.initialize(rand.New(rand.NewPCG(1, 2)), dims, out)
		var sum, squares float64
		for _, v := range out {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		mean := sum / float64(len(out))
		deviation := math.Sqrt(math.Max(0, squares/float64(len(out))-mean*mean))
		if math.Abs(mean-test.mean) > 0.03*test.dev || math.Abs(deviation-test.dev) > 0.03*test.dev {
			t.Errorf("%s: mean %v, deviation %v, want %v, %v", test.name, mean, deviation, test.mean, test.dev)
		}
	}
}

// TestWeightsThatDoNotFit are errors that name the weight and its shape.
func TestWeightsThatDoNotFit(t *testing.T) {
	for _, test := range []struct {
		name  string
		value *tensors.Tensor // of block.weight; the network needs [3, 5]
		want  []string
	}{
		{"missing", nil, []string{`"block.weight"`, "[3 5]", "missing"}},
		{"shape", tensors.FromShape(shapes.Make(dtypes.Float32, 5, 3)), []string{`"block.weight"`, "[5 3]", "[3 5]"}},
		{"rank", tensors.FromShape(shapes.Make(dtypes.Float32, 15)), []string{`"block.weight"`, "[15]", "[3 5]"}},
		{"type", tensors.FromShape(shapes.Make(dtypes.Float64, 3, 5)), []string{`"block.weight"`, "Float64", "Float32 [3 5]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := model.NewStore()
			if test.value != nil {
				store.VariableWithValue("/block.weight", test.value)
			}
			exec, err := model.NewExec(openBackend(t), store, func(_ *model.Scope, x *Node) *Node {
				return Linear(LoadedParams(store).In("block"), x, 5, FanIn(1))
			})
			if err == nil {
				_, err = exec.Exec(random(1, 2, 3).tensor())
			}
			if err == nil {
				t.Fatal("the network is built")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}
