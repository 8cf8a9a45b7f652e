package clipmodel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// The tiny models have the architectures of CLIP and of Stable Diffusion v1's
// text encoder, and random weights; the numbers are those of openai/CLIP.
const (
	tiny         = "../testdata/tiny-clip"
	expected     = "../testdata/clip_expected.safetensors"
	textEncoder  = "../testdata/tiny-stable-diffusion/text_encoder"
	textExpected = "../testdata/tiny-stable-diffusion/expected/text_encoder.safetensors"
)

// tolerance of embeddings and states against openai/CLIP in float32, whose own
// rounding is 1.6e-6; and of the cosines times the scale.
const (
	tolerance       = 2e-5
	logitsTolerance = 1e-4
)

func loadTiny(t *testing.T) (Config, *model.Store) {
	t.Helper()
	config, err := ReadBoth(tiny)
	if err != nil {
		t.Fatal(err)
	}
	store, err := config.Weights(golden.Backend(t)).Read(tiny)
	if err != nil {
		t.Fatal(err)
	}
	return config, store
}

// idsOf are the rows of a table of ids.
func idsOf(table safetensors.Integers) [][]int32 {
	rows := make([][]int32, table.Dims[0])
	for i := range rows {
		for _, id := range table.Data[i*table.Dims[1]:][:table.Dims[1]] {
			rows[i] = append(rows[i], int32(id))
		}
	}
	return rows
}

// expect compares with a golden tensor and logs the difference.
func expect(t *testing.T, what string, got []float32, want safetensors.Tensor, tolerance float64) {
	t.Helper()
	if len(got) != len(want.Data) {
		t.Fatalf("%s: %d numbers, want %v", what, len(got), want.Dims)
	}
	worst := golden.Expect(t, what, safetensors.Tensor{Dims: want.Dims, Data: got}, want, tolerance)
	t.Logf("%-28s differs by at most %.1e", what, worst)
}

// run builds and executes a graph.
func run(t *testing.T, store *model.Store, build func(p nn.Params, inputs []*Node) []*Node, inputs ...any) [][]float32 {
	t.Helper()
	exec, err := model.NewExec(golden.Backend(t), store, func(_ *model.Scope, inputs []*Node) []*Node {
		return build(nn.LoadedParams(store), inputs)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	outputs, err := exec.Exec(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	var flats [][]float32
	for _, output := range outputs {
		flats = append(flats, tensors.MustCopyFlatData[float32](output))
	}
	return flats
}

// TestTextTower: Stable Diffusion's text encoder, state by state.
func TestTextTower(t *testing.T) {
	want := golden.Read(t, textExpected)
	config, store, err := readText(golden.Backend(t), textEncoder)
	if err != nil {
		t.Fatal(err)
	}
	ids := idsOf(want.Integers["input_ids"])
	ends := make([]int32, len(ids))
	for i, one := range ids {
		ends[i] = config.EndOf(one)
	}
	got := run(t, store, func(p nn.Params, inputs []*Node) []*Node {
		states := config.States(p, inputs[0])
		return append(states.Hidden, states.Last, config.Pooled(states.Last, inputs[1]))
	}, sequences(ids, len(ids)), tensors.FromFlatDataAndDimensions(ends, len(ends)))
	for i := range 4 {
		name := fmt.Sprintf("hidden_states.%d", i)
		expect(t, name, got[i], want.Tensors[name], tolerance)
	}
	expect(t, "last_hidden_state", got[4], want.Tensors["last_hidden_state"], tolerance)
	expect(t, "pooler_output", got[5], want.Tensors["pooler_output"], tolerance)

	encoder, err := NewTextEncoder(golden.Backend(t), config, store)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	rows, err := encoder.LastHiddenStates(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "one by one", slices.Concat(rows...), want.Tensors["last_hidden_state"], tolerance)
}

// TestImageTower: state by state.
func TestImageTower(t *testing.T) {
	want := golden.Read(t, expected)
	config, store := loadTiny(t)
	pixels := want.Tensors["pixel_values"]
	got := run(t, store, func(p nn.Params, inputs []*Node) []*Node {
		states := config.Vision.States(p, inputs[0])
		last := states.Hidden[len(states.Hidden)-1]
		return append([]*Node{states.Embeddings, config.Vision.Pooled(p, last)}, states.Hidden...)
	}, tensors.FromFlatDataAndDimensions(pixels.Data, pixels.Dims...))
	for i, name := range []string{"embeddings", "pooler_output", "pre_layrnorm", "layer0", "layer1", "layer2"} {
		expect(t, name, got[i], want.Tensors["vision."+name], tolerance)
	}
}

// TestEncoder: embeddings, and the cosines made of them.
func TestEncoder(t *testing.T) {
	want := golden.Read(t, expected)
	config, store := loadTiny(t)
	encoder, err := NewEncoder(golden.Backend(t), config, store)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	pixels := want.Tensors["pixel_values"]
	var images [][]float32
	size := len(pixels.Data) / pixels.Dims[0]
	for i := range pixels.Dims[0] {
		images = append(images, pixels.Data[i*size:][:size])
	}
	pictures, err := encoder.Images(t.Context(), images)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "image_embeds_unnormalized", slices.Concat(pictures...), want.Tensors["image_embeds_unnormalized"], tolerance)
	texts, err := encoder.Texts(t.Context(), idsOf(want.Integers["input_ids"]))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "text_embeds_unnormalized", slices.Concat(texts...), want.Tensors["text_embeds_unnormalized"], tolerance)
	var logits []float32
	for _, picture := range pictures {
		for _, text := range texts {
			logits = append(logits, float32(cosine(picture, text)/0.07))
		}
	}
	expect(t, "logits_per_image", logits, want.Tensors["logits_per_image"], logitsTolerance)
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// readText reads the text tower in directory, configuration and weights: a
// CLIPTextModel, or that of a CLIPModel.
func readText(backend compute.Backend, directory string) (Text, *model.Store, error) {
	config, err := ReadConfig(directory)
	if err != nil {
		return Text{}, nil, err
	}
	store, err := config.Text.Weights(backend).Read(directory)
	return config.Text, store, err
}
