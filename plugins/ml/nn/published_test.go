package nn

import (
	"reflect"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// lastAxis puts a golden image's channels last, as ours are.
func lastAxis(x safetensors.Tensor) array { return turn(array{x.Dims, x.Data}, 0, 2, 3, 1) }

// TestWindowsAgainstTorch: every window, and nearest upsampling before one.
func TestWindowsAgainstTorch(t *testing.T) {
	tensors := golden(t)
	weight, bias := tensors["conv.weight"], tensors["conv.bias"]
	for name, layer := range map[string]func(p Params, x *Node) *Node{
		"conv.pad1":                     func(p Params, x *Node) *Node { return Conv(p, x, 5, Same3x3, FanIn(1)) },
		"conv.stride2_pad1":             func(p Params, x *Node) *Node { return Conv(p, x, 5, Halve3x3, FanIn(1)) },
		"conv.stride2_pad_right_bottom": func(p Params, x *Node) *Node { return Conv(p, x, 5, HalveFar, FanIn(1)) },
		"conv.nearest2x_then_pad1":      func(p Params, x *Node) *Node { return Conv(p, Upsample(x), 5, Same3x3, FanIn(1)) },
	} {
		store := model.NewStore()
		store.VariableWithValue("/c.weight", turn(array{weight.Dims, weight.Data}, 2, 3, 1, 0).tensor())
		store.VariableWithValue("/c.bias", array{bias.Dims, bias.Data}.tensor())
		got := run(t, store, func(inputs []*Node) []*Node {
			return []*Node{layer(LoadedParams(store).In("c"), inputs[0])}
		}, lastAxis(tensors["conv.x"]))[0]
		expect(t, name, got, lastAxis(tensors[name]), 1e-5)
	}
}

// TestGroupNormAgainstTorch, on values so small that epsilon matters and on
// values so far from zero that a variance in one pass would be lost.
func TestGroupNormAgainstTorch(t *testing.T) {
	tensors := golden(t)
	store := model.NewStore()
	for _, name := range []string{"weight", "bias"} {
		store.VariableWithValue("/n."+name, array{tensors["gn."+name].Dims, tensors["gn."+name].Data}.tensor())
	}
	for _, test := range []struct {
		x, want   string
		epsilon   float64
		tolerance float64
	}{
		{"gn.x_small", "gn.out_groups8_eps1e-5", 1e-5, 1e-5},
		{"gn.x_small", "gn.out_groups8_eps1e-6", 1e-6, 1e-5},
		{"gn.x_shifted", "gn.out_x_shifted_groups8_eps1e-5", 1e-5, 1e-3},
	} {
		got := run(t, store, func(inputs []*Node) []*Node {
			return []*Node{GroupNorm(LoadedParams(store).In("n"), inputs[0], 8, test.epsilon)}
		}, lastAxis(tensors[test.x]))[0]
		expect(t, test.want, got, lastAxis(tensors[test.want]), test.tolerance)
	}
}

func TestActivationsAgainstTorch(t *testing.T) {
	tensors := golden(t)
	x := tensors["act.x"]
	got := run(t, model.NewStore(), func(inputs []*Node) []*Node {
		return []*Node{SiLU(inputs[0]), GELU(inputs[0]), QuickGELU(inputs[0])}
	}, array{x.Dims, x.Data})
	for i, name := range []string{"act.silu", "act.gelu_erf", "act.quick_gelu"} {
		expect(t, name, got[i], array{tensors[name].Dims, tensors[name].Data}, 1e-6)
	}
}

// TestGEGLU: the first half of the projection is the value, the second the gate.
func TestGEGLU(t *testing.T) {
	store := model.NewStore()
	fill(store, map[string][]int{"/f.proj.weight": {4, 6}, "/f.proj.bias": {6}})
	x := random(1, 2, 5, 4)
	got := run(t, store, func(inputs []*Node) []*Node {
		p := LoadedParams(store).In("f")
		both := Dense(p.In("proj"), inputs[0], 6, FanIn(1))
		value, gate := SliceAxis(both, -1, AxisRange(0, 3)), SliceAxis(both, -1, AxisRange(3, 6))
		return []*Node{GEGLU(p, inputs[0], 3, FanIn(1)), Mul(value, GELU(gate))}
	}, x)
	expect(t, "geglu", got[0], got[1], 0)
}

// TestAttendAgainstTorch: golden heads lie before the positions, [batch, heads,
// positions, 4].
func TestAttendAgainstTorch(t *testing.T) {
	tensors := golden(t)
	joined := func(name string) array {
		x := tensors[name]
		y := turn(array{x.Dims, x.Data}, 0, 2, 1, 3)
		return array{[]int{y.dims[0], y.dims[1], y.dims[2] * y.dims[3]}, y.data}
	}
	got := run(t, model.NewStore(), func(in []*Node) []*Node {
		return []*Node{Attend(in[0], in[1], in[2], 8, nil)}
	}, joined("attn.q"), joined("attn.k"), joined("attn.v"))[0]
	expect(t, "attention", got, joined("attn.out"), 1e-5)
}

func TestSoftmaxAgainstTorch(t *testing.T) {
	tensors := golden(t)
	x, want := tensors["softmax.x"], tensors["softmax.out"]
	got := run(t, model.NewStore(), func(in []*Node) []*Node { return []*Node{Softmax(in[0], -1)} }, array{x.Dims, x.Data})[0]
	expect(t, "softmax", got, array{want.Dims, want.Data}, 1e-5)
}

// TestGroupNormGradient compares what the pure-Go backend gets with the formula
// in reductions and broadcasts alone.
func TestGroupNormGradient(t *testing.T) {
	store := model.NewStore()
	fill(store, map[string][]int{"/n.weight": {6}, "/n.bias": {6}})
	plain := func(x, scale, shift *Node) *Node {
		dims := x.Shape().Dimensions
		grouped := Reshape(x, dims[0], dims[1], dims[2], 3, 2)
		centered := Sub(grouped, ReduceAndKeep(grouped, ReduceMean, 1, 2, 4))
		variance := ReduceAndKeep(Mul(centered, centered), ReduceMean, 1, 2, 4)
		y := Reshape(Div(centered, Sqrt(AddScalar(variance, 1e-5))), dims...)
		return Add(Mul(y, ExpandLeftToRank(scale, 4)), ExpandLeftToRank(shift, 4))
	}
	got := run(t, store, func(inputs []*Node) []*Node {
		x, p := inputs[0], LoadedParams(store).In("n")
		scale, shift := p.Weight(x.Graph(), "weight", OnesInit, 6), p.Weight(x.Graph(), "bias", ZerosInit, 6)
		var outputs []*Node
		for _, y := range []*Node{GroupNorm(p, x, 3, 1e-5), plain(x, scale, shift)} {
			pull := AddScalar(Sin(IotaFull(y.Graph(), y.Shape())), 0.3)
			outputs = append(outputs, y)
			outputs = append(outputs, Gradient(ReduceAllSum(Mul(y, pull)), x, scale, shift)...)
		}
		return outputs
	}, random(3, 2, 5, 4, 6))
	for i, what := range []string{"value", "gradient of the image", "gradient of the scale", "gradient of the shift"} {
		expect(t, what, got[i], got[4+i], 1e-5)
	}
}

// TestWatchedAndListed: both see the network that is built, and a listed one
// needs no weights.
func TestWatchedAndListed(t *testing.T) {
	store := model.NewStore()
	var seen []string
	var list []Named
	run(t, store, func(inputs []*Node) []*Node {
		build := func(p Params) *Node {
			y := GEGLU(p.In("a"), inputs[0], 3, FanIn(1))
			return GEGLU(p.In("a"), Concatenate([]*Node{y, y}, -1), 3, FanIn(1))
		}
		list = List(func(p Params) { build(p) })
		return []*Node{build(NewParams(store, 1).Watched(func(path string, y *Node) { seen = append(seen, path) }))}
	}, random(1, 2, 6))
	if !slices.Equal(seen, []string{"a", "a"}) {
		t.Errorf("watched %v", seen)
	}
	if want := []Named{{"a.proj.weight", []int{6, 6}}, {"a.proj.bias", []int{6}}}; !reflect.DeepEqual(list, want) {
		t.Errorf("listed %v, want %v", list, want)
	}
}

// TestPatches: the same as a convolution with that stride.
func TestPatches(t *testing.T) {
	store := model.NewStore()
	fill(store, map[string][]int{"/c.weight": {2, 2, 3, 4}})
	store.VariableWithValue("/c.bias", array{[]int{4}, make([]float32, 4)}.tensor())
	got := run(t, store, func(inputs []*Node) []*Node {
		p := LoadedParams(store).In("c")
		return []*Node{Patches(p, inputs[0], 2, 4, FanIn(1)), Reshape(Conv(p, inputs[0], 4, Window{Size: 2, Stride: 2}, FanIn(1)), 2, 6, 4)}
	}, random(1, 2, 4, 6, 3))
	expect(t, "patches", got[0], got[1], 1e-5)
}
