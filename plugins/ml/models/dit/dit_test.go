package dit

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

var small = Config{Width: 8, Narrow: 4, Hidden: 12, Heads: 2, Global: 3, Blocks: "camg"}

const image = Grid * Grid * PatchValues

func normal(seed uint64, n int) []float32 {
	source := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(source.NormFloat64())
	}
	return out
}

// predict runs the network with the weights in store on images of 3072 values
// and conditions of 5.
func predict(t *testing.T, store *model.Store, noisy, conditions []float32) []float32 {
	t.Helper()
	backend := backendstest.Backend(t)
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, inputs []*Node) *Node {
		return Build(nn.NewParams(store, 1), small, inputs[0], inputs[1])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	batch := len(noisy) / image
	outputs, err := exec.Exec(
		tensors.FromFlatDataAndDimensions(noisy, batch, Grid*Grid, PatchValues),
		tensors.FromFlatDataAndDimensions(conditions, batch, 5))
	if err != nil {
		t.Fatal(err)
	}
	outputs[0].Shape().AssertDims(batch, Grid*Grid, PatchValues)
	return tensors.MustCopyFlatData[float32](outputs[0])
}

// TestWeightNames pins the names in the checkpoint: a renamed weight would not
// be found in files that exist.
func TestWeightNames(t *testing.T) {
	store := model.NewStore()
	predict(t, store, normal(1, image), normal(2, 5))
	want := []string{
		"/in.weight", "/in.bias", "/position.weight", "/out.weight", "/out.bias",
		"/block0.in.weight", "/block0.in.bias", "/block0.norm.weight", "/block0.norm.bias",
		"/block0.conv.weight", "/block0.conv.bias", "/block0.out.weight",
		"/block1.attention.query.weight", "/block1.attention.key.weight",
		"/block1.attention.value.weight", "/block1.attention.out.weight",
		"/block2.in.weight", "/block2.in.bias", "/block2.out.weight",
		"/block3.in.weight", "/block3.whole.weight", "/block3.whole.bias", "/block3.asked.weight",
		"/block3.parts.weight", "/block3.parts.bias", "/block3.out.weight",
	}
	for _, place := range []string{"block0", "block1", "block2", "block3", "last"} {
		for _, name := range []string{"scale.weight", "scale.bias", "shift.weight", "shift.bias"} {
			want = append(want, fmt.Sprintf("/%s.%s", place, name))
		}
	}
	slices.Sort(want)
	var got []string
	for v := range store.IterVariables() {
		got = append(got, v.Path())
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("weights %v\nwant    %v", got, want)
	}
}

// TestImagesAreIndependent: a new network predicts zeros; a trained one's
// prediction does not depend on the neighbours in the batch, and
// does depend on the image and on its condition.
func TestImagesAreIndependent(t *testing.T) {
	store := model.NewStore()
	noisy, conditions := normal(1, 3*image), normal(2, 3*5)
	for _, v := range predict(t, store, noisy, conditions) {
		if v != 0 {
			t.Fatalf("a new network predicts %v", v)
		}
	}
	for v := range store.IterVariables() {
		for _, zero := range []string{".scale.", ".shift.", "/out."} {
			if strings.Contains(v.Path(), zero) {
				v.MustSetValue(tensors.FromFlatDataAndDimensions(normal(3, v.Shape().Size()), v.Shape().Dimensions...))
			}
		}
	}
	all := predict(t, store, noisy, conditions)
	swapped := predict(t, store,
		slices.Concat(noisy[2*image:], noisy[image:2*image], noisy[:image]),
		slices.Concat(conditions[10:], conditions[5:10], conditions[:5]))
	if !backendstest.Same(all[:image], swapped[2*image:]) || !backendstest.Same(all[image:2*image], swapped[image:2*image]) {
		t.Error("a prediction depends on the neighbours in the batch")
	}
	conditioned := predict(t, store, noisy, slices.Concat(conditions[:10], conditions[:5]))
	if !backendstest.Same(all[:2*image], conditioned[:2*image]) || backendstest.Same(all[2*image:], conditioned[2*image:]) {
		t.Error("a condition acts on another image than its own, or on none")
	}
	other := predict(t, store, slices.Concat(noisy[:2*image], noisy[:image]), conditions)
	if slices.Equal(all[2*image:], other[2*image:]) {
		t.Error("the prediction does not depend on the image")
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
	noisy := Parameter(g, "noisy", shapes.Make(dtypes.Float32, 1, Grid*Grid, PatchValues))
	condition := Parameter(g, "condition", shapes.Make(dtypes.Float32, 1, 5))
	Build(nn.NewParams(model.NewStore(), 1), unknown, noisy, condition)
}
