package lora

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// network is two projections, a kernel, and weights that get no adapter.
var network = []nn.Named{
	{Name: "block.0.to_q.weight", Dims: []int{3, 2}}, {Name: "block.0.to_q.bias", Dims: []int{2}},
	{Name: "block.0.not_to_q.weight", Dims: []int{3, 2}},
	{Name: "conv.weight", Dims: []int{3, 3, 4, 5}},
	{Name: "norm.weight", Dims: []int{4}},
}

func TestCheck(t *testing.T) {
	zero := 0.
	err := Config{Rank: 0, Alpha: &zero}.Check()
	for _, want := range []string{"rank is 0; rank must be at least 1", "alpha is 0", "targets is empty"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %s", err, want)
		}
	}
	if err := (Config{Rank: 1, Targets: []string{"to_q"}}).Check(); err != nil {
		t.Error(err)
	}
}

func TestNeeds(t *testing.T) {
	needs, err := Config{Rank: 7, Targets: []string{"to_q", "conv"}}.Needs("unet", network)
	if err != nil {
		t.Fatal(err)
	}
	want := []nn.Named{
		{Name: "block.0.to_q.lora_A.weight", Dims: []int{3, 7}}, {Name: "block.0.to_q.lora_B.weight", Dims: []int{7, 2}},
		{Name: "conv.lora_A.weight", Dims: []int{3, 3, 4, 7}}, {Name: "conv.lora_B.weight", Dims: []int{1, 1, 7, 5}},
	}
	same := func(a, b nn.Named) bool { return a.Name == b.Name && slices.Equal(a.Dims, b.Dims) }
	if !slices.EqualFunc(needs, slices.SortedFunc(slices.Values(want), func(a, b nn.Named) int { return strings.Compare(a.Name, b.Name) }), same) {
		t.Errorf("needs %v", needs)
	}
	_, err = Config{Rank: 1, Targets: []string{"norm"}}.Needs("transformer", network)
	if err == nil || !strings.Contains(err.Error(), `"norm", and no layer of the transformer`) || !strings.Contains(err.Error(), "conv, not_to_q, to_q") {
		t.Errorf("error %v", err)
	}
}

// TestMerge: W + 3 up down, summed by hand. With a rank of 1 and alpha of 3,
// down [2, 1] = (1, 2) and up [1, 2] = (10, -1).
func TestMerge(t *testing.T) {
	alpha := 3.
	a := New(Config{Rank: 1, Alpha: &alpha, Targets: []string{"to_q"}}, map[string]safetensors.Tensor{
		"to_q.lora_A.weight": {Dims: []int{2, 1}, Data: []float32{1, 2}},
		"to_q.lora_B.weight": {Dims: []int{1, 2}, Data: []float32{10, -1}},
	})
	store := model.NewStore()
	defer store.Finalize()
	weight, err := store.CreateVariable("/to_q.weight", tensors.FromFlatDataAndDimensions([]float32{0.5, 0, 0, 0.5}, 2, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Merge(store); err != nil {
		t.Fatal(err)
	}
	if got := tensors.MustCopyFlatData[float32](weight.MustValue()); !slices.Equal(got, []float32{30.5, -3, 60, -5.5}) {
		t.Errorf("merged to %v", got)
	}
	a.Tensors["to_k.lora_A.weight"], a.Tensors["to_k.lora_B.weight"] = a.Tensors["to_q.lora_A.weight"], a.Tensors["to_q.lora_B.weight"]
	if err := a.Merge(store); err == nil || !strings.Contains(err.Error(), `no layer "to_k"`) {
		t.Errorf("error %v", err)
	}
}

// TestAdd: the network's weights are frozen; new adapters have an up of zero and a
// down by the seed; known ones are as they were.
func TestAdd(t *testing.T) {
	c := Config{Rank: 2, Targets: []string{"to_q"}}
	needs, err := c.Needs("unet", network)
	if err != nil {
		t.Fatal(err)
	}
	add := func(known map[string]safetensors.Tensor, seed uint64) (down, up []float32) {
		store := model.NewStore()
		defer store.Finalize()
		weight, err := store.CreateVariable("/block.0.to_q.weight", tensors.FromFlatDataAndDimensions(make([]float32, 6), 3, 2))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Add(store, needs, known, seed); err != nil {
			t.Fatal(err)
		}
		a, b := store.GetVariable("/"+needs[0].Name), store.GetVariable("/"+needs[1].Name)
		if weight.Trainable || !a.Trainable || !b.Trainable {
			t.Error("the adapters alone are to be trained")
		}
		return tensors.MustCopyFlatData[float32](a.MustValue()), tensors.MustCopyFlatData[float32](b.MustValue())
	}
	down, up := add(nil, 1)
	again, _ := add(nil, 1)
	other, _ := add(nil, 2)
	if !slices.Equal(down, again) || slices.Equal(down, other) || slices.ContainsFunc(up, func(v float32) bool { return v != 0 }) {
		t.Errorf("down %v, again %v, with another seed %v; up %v", down, again, other, up)
	}
	known := map[string]safetensors.Tensor{needs[1].Name: {Dims: []int{2, 2}, Data: []float32{1, 2, 3, 4}}}
	if _, up := add(known, 1); !slices.Equal(up, []float32{1, 2, 3, 4}) {
		t.Errorf("a known up is %v", up)
	}
}
