package clipmodel

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// TestSizes: the sizes of the published models give the numbers of their
// weights.
func TestSizes(t *testing.T) {
	count := func(weights pretrained.Weights) int {
		total := 0
		for _, need := range weights.Needs {
			total += safetensors.Size(need.Dims)
		}
		return total
	}
	text, vision := defaults()
	text.Tower, text.Projection = Tower{768, 3072, 12, 12, "quick_gelu", 1e-5}, 768
	vision.Tower, vision.PatchSize = Tower{1024, 4096, 24, 16, "quick_gelu", 1e-5}, 14
	large := Config{Text: text, Vision: &vision, Projection: 768}
	if got := count(large.Weights(golden.Backend(t))); got != 427616512 { // and the scale of the logits
		t.Errorf("CLIP ViT-L/14 has %d weights, want 427616512", got)
	}
	if got := count(text.Weights(golden.Backend(t))); got != 123060480 {
		t.Errorf("Stable Diffusion v1's text encoder has %d weights, want 123060480", got)
	}
}

// TestShards: the same model in two files gives the same embeddings.
func TestShards(t *testing.T) {
	whole := golden.Read(t, tiny+"/model.safetensors")
	directory := t.TempDir()
	config, err := os.ReadFile(tiny + "/config.json")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("config.json", config)
	files := map[string]*safetensors.File{}
	index := map[string]string{}
	for name, tensor := range whole.Tensors {
		file := "model-00001-of-00002.safetensors"
		if strings.HasPrefix(name, "vision_model") {
			file = "model-00002-of-00002.safetensors"
		}
		if files[file] == nil {
			files[file] = &safetensors.File{Tensors: map[string]safetensors.Tensor{}}
		}
		files[file].Tensors[name] = tensor
		index[name] = file
	}
	for name, file := range files {
		if err := file.Write(filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := json.Marshal(map[string]any{"weight_map": index})
	if err != nil {
		t.Fatal(err)
	}
	write("model.safetensors.index.json", encoded)

	want := golden.Read(t, expected)
	both, err := ReadBoth(directory)
	if err != nil {
		t.Fatal(err)
	}
	store, err := both.Weights(golden.Backend(t)).Read(directory)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := NewEncoder(golden.Backend(t), both, store)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	texts, err := encoder.Texts(t.Context(), idsOf(want.Integers["input_ids"]))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "text_embeds_unnormalized", slices.Concat(texts...), want.Tensors["text_embeds_unnormalized"], tolerance)
}

// TestTextOfPair: the text tower of a CLIPModel is loaded without the rest.
func TestTextOfPair(t *testing.T) {
	config, store, err := readText(golden.Backend(t), tiny)
	if err != nil {
		t.Fatal(err)
	}
	if config.Layers != 2 {
		t.Errorf("%+v", config)
	}
	for v := range store.IterVariables() {
		if !strings.HasPrefix(v.Path(), "/text_model.") {
			t.Errorf("%s is loaded", v.Path())
		}
	}
}

func TestEndOf(t *testing.T) {
	for _, test := range []struct {
		end  int
		ids  []int32
		want int32
	}{
		{2, []int32{8, 1, 9, 3, 9}, 2},  // the first of the highest
		{2, []int32{8, 2, 3, 9, 0}, 3},  // 2 itself is no end
		{9, []int32{8, 10, 3, 9, 9}, 3}, // the first end token
		{9, []int32{8, 1, 3}, 0},        // none
	} {
		if got := (Text{End: test.end}).EndOf(test.ids); got != test.want {
			t.Errorf("the end of %v by eos_token_id %d is %d, want %d", test.ids, test.end, got, test.want)
		}
	}
}

// TestInputsAreChecked: what a tower cannot read is an error, not another
// answer.
func TestInputsAreChecked(t *testing.T) {
	config, store := loadTiny(t)
	encoder, err := NewEncoder(golden.Backend(t), config, store)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	for _, ids := range [][][]int32{{{1, 1014}}, {{-1}}, {{}}, {make([]int32, 78)}, {{1, 2}, {1}}} {
		if _, err := encoder.Texts(t.Context(), ids); err == nil {
			t.Errorf("ids %v are encoded", ids)
		}
	}
	if _, err := encoder.Images(t.Context(), [][]float32{make([]float32, 3)}); err == nil {
		t.Error("an image of 3 values is encoded")
	}
	if rows, err := encoder.Texts(t.Context(), nil); err != nil || len(rows) != 0 {
		t.Errorf("no texts: %v, %v", rows, err)
	}
}

// TestActivation: hidden_act is heeded, for towers with either.
func TestActivation(t *testing.T) {
	config, store := loadTiny(t)
	ids := []int32{1012, 5, 1013}
	embed := func(activation string) []float32 {
		config.Text.Activation = activation
		encoder, err := NewEncoder(golden.Backend(t), config, store)
		if err != nil {
			t.Fatal(err)
		}
		defer encoder.Close()
		rows, err := encoder.Texts(t.Context(), [][]int32{ids})
		if err != nil {
			t.Fatal(err)
		}
		return rows[0]
	}
	worst := 0.0
	quick, exact := embed("quick_gelu"), embed("gelu")
	for i, v := range quick {
		worst = max(worst, math.Abs(float64(v-exact[i])))
	}
	if worst < 1e-4 || worst > 0.5 {
		t.Errorf("the activations differ by %g", worst)
	}
}
