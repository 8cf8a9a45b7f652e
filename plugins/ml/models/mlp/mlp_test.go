package mlp

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// logits runs a network on x, [2, 2, 2], with the weights in store.
func logits(t *testing.T, config Config, store *model.Store, seed uint64) []float32 {
	t.Helper()
	backend := backendstest.Backend(t)
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, x *Node) *Node {
		y := Logit(nn.NewParams(store, seed), config, x)
		y.AssertDims(2, 2)
		return y
	})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := exec.Exec([][][]float32{{{1, 2}, {-1, 0}}, {{0, 0}, {3, -1}}})
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](outputs[0])
}

func TestLogit(t *testing.T) {
	store := model.NewStore()
	for name, value := range map[string]any{
		"/layers.0.weight": [][]float32{{1, -1}, {1, 0}},
		"/layers.0.bias":   []float32{0, 0.5},
		"/layers.1.weight": [][]float32{{2}, {4}},
		"/layers.1.bias":   []float32{-1},
	} {
		store.VariableWithValue(name, value)
	}
	// 2 max(a + b, 0) + 4 max(0.5 - a, 0) - 1
	want := []float32{5, 5, 1, 3}
	if got := logits(t, Config{HiddenLayers: 1, HiddenUnits: 2}, store, 0); !slices.Equal(got, want) {
		t.Errorf("logits are %v, want %v", got, want)
	}
}

func TestNewNetworksHaveNoOpinion(t *testing.T) {
	config := Config{HiddenLayers: 2, HiddenUnits: 64}
	first := logits(t, config, model.NewStore(), 1)
	for _, logit := range first {
		if math.Abs(float64(logit)) > 1 {
			t.Errorf("a new network answers %v, want about 0", logit)
		}
	}
	if again := logits(t, config, model.NewStore(), 1); !slices.Equal(first, again) {
		t.Errorf("the same seed gives %v and %v", first, again)
	}
	if other := logits(t, config, model.NewStore(), 2); slices.Equal(first, other) {
		t.Errorf("seeds 1 and 2 give the same network")
	}
}
