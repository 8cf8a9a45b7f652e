package patchnet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

var small = Config{Width: 8, Narrow: 4, Hidden: 12, Heads: 2, Blocks: "cam"}

func normal(seed uint64, n int) []float32 {
	source := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(source.NormFloat64())
	}
	return out
}

// features runs the network with the weights in store.
func features(t *testing.T, store *model.Store, config Config, patches []float32) ([]float32, []int, error) {
	t.Helper()
	backend := backendstest.Backend(t)
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, inputs []*Node) *Node {
		return Build(nn.NewParams(store, 1), config, inputs[0])
	})
	if err != nil {
		return nil, nil, err
	}
	defer exec.Finalize()
	batch := len(patches) / (Grid * Grid * PatchValues)
	inputs := []any{tensors.FromFlatDataAndDimensions(patches, batch, Grid*Grid, PatchValues)}
	outputs, err := exec.Exec(inputs...)
	if err != nil {
		return nil, nil, err
	}
	return tensors.MustCopyFlatData[float32](outputs[0]), outputs[0].Shape().Dimensions, nil
}

// weightNames lists a store's weights, sorted.
func weightNames(store *model.Store) []string {
	var names []string
	for v := range store.IterVariables() {
		names = append(names, v.Path())
	}
	slices.Sort(names)
	return names
}

// TestWeightNames pins the names in the checkpoint: a renamed weight would not
// be found in files that exist.
func TestWeightNames(t *testing.T) {
	store := model.NewStore()
	if _, _, err := features(t, store, small, normal(1, Grid*Grid*PatchValues)); err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(slices.Values([]string{
		"/in.weight", "/in.bias", "/position.weight",
		"/block0.in.weight", "/block0.in.bias", "/block0.norm.weight", "/block0.norm.bias",
		"/block0.conv.weight", "/block0.conv.bias", "/block0.out.weight",
		"/block1.norm.weight", "/block1.norm.bias", "/block1.attention.query.weight", "/block1.attention.key.weight",
		"/block1.attention.value.weight", "/block1.attention.out.weight",
		"/block2.in.weight", "/block2.in.bias", "/block2.out.weight",
	}))
	if got := weightNames(store); !slices.Equal(got, want) {
		t.Errorf("weights %v\nwant    %v", got, want)
	}
}

// TestImagesAreIndependent: an image's features do not depend on its
// neighbours in the batch, bit for bit.
func TestImagesAreIndependent(t *testing.T) {
	const one = Grid * Grid * PatchValues
	store := model.NewStore()
	patches := normal(1, 3*one)
	all, dims, err := features(t, store, small, patches)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(dims, []int{3, Grid * Grid, small.Width}) {
		t.Fatalf("features are %v", dims)
	}
	size := Grid * Grid * small.Width
	swapped, _, err := features(t, store, small, slices.Concat(patches[2*one:], patches[one:2*one], patches[:one]))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(all[:size], swapped[2*size:]) || !slices.Equal(all[size:2*size], swapped[size:2*size]) {
		t.Error("features depend on the neighbours in the batch")
	}
	if slices.Equal(all[:size], all[size:2*size]) {
		t.Error("two images have the same features")
	}
}

func TestUnknownBlock(t *testing.T) {
	backend := backendstest.Backend(t)
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "unknown kind of block 'x'") {
			t.Errorf("building it ends with %q", text)
		}
	}()
	unknown := small
	unknown.Blocks = "cx"
	g := NewGraph(backend, "unknown block")
	patches := Parameter(g, "patches", shapes.Make(dtypes.Float32, 1, Grid*Grid, PatchValues))
	Build(nn.NewParams(model.NewStore(), 1), unknown, patches)
}

func TestWeightsOfAnotherWidth(t *testing.T) {
	store := model.NewStore()
	if _, _, err := features(t, store, small, normal(1, Grid*Grid*PatchValues)); err != nil {
		t.Fatal(err)
	}
	wide := small
	wide.Width = 10
	if _, _, err := features(t, store, wide, normal(1, Grid*Grid*PatchValues)); err == nil || !strings.Contains(err.Error(), `weight "in.weight" is Float32 [48 8], the network needs Float32 [48 10]`) {
		t.Errorf("weights of another width: %v", err)
	}
}
