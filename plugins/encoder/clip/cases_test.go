package clip

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestAddedToken: a token that textual inversion added is read with its own row of
// the embeddings, from files with and without a tokenizer.json.
func TestAddedToken(t *testing.T) {
	var want struct {
		Prompt    string
		Row       []float32 `json:"embedding_row_1014"`
		Embedding []float64 `json:"text_embedding"`
	}
	text, err := os.ReadFile("testdata/cases/added-token.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	longer := func() string {
		directory := spoiled(t, "config.json", func(c string) string {
			return strings.NewReplacer(`"vocab_size": 1014`, `"vocab_size": 1015`, `"eos_token_id": 2`, `"eos_token_id": 1013`).Replace(c)
		})
		path := filepath.Join(directory, "model.safetensors")
		weights, err := safetensors.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		table := weights.Tensors["text_model.embeddings.token_embedding.weight"]
		weights.Tensors["text_model.embeddings.token_embedding.weight"] = safetensors.Tensor{Dims: []int{1015, table.Dims[1]}, Data: append(table.Data, want.Row...)}
		if err := weights.Write(path); err != nil {
			t.Fatal(err)
		}
		return directory
	}
	slow := longer()
	if err := os.WriteFile(filepath.Join(slow, "added_tokens.json"), []byte(`{"<cat-toy>": 1014}`), 0o644); err != nil {
		t.Fatal(err)
	}
	fast := longer()
	vocabulary, errV := os.ReadFile(filepath.Join(fast, "vocab.json"))
	merges, errM := os.ReadFile(filepath.Join(fast, "merges.txt"))
	lines := strings.Split(strings.TrimSpace(string(merges)), "\n")
	if strings.HasPrefix(lines[0], "#version") {
		lines = lines[1:]
	}
	whole, errJ := json.Marshal(map[string]any{
		"added_tokens": []any{
			map[string]any{"id": 1012, "content": "<|startoftext|>", "special": true}, map[string]any{"id": 1013, "content": "<|endoftext|>", "special": true},
			map[string]any{"id": 1014, "content": "<cat-toy>", "normalized": true},
		},
		"model": map[string]any{"type": "BPE", "end_of_word_suffix": "</w>", "vocab": json.RawMessage(vocabulary), "merges": lines},
	})
	if err := errors.Join(errV, errM, errJ, os.Remove(filepath.Join(fast, "vocab.json")), os.Remove(filepath.Join(fast, "merges.txt")),
		os.WriteFile(filepath.Join(fast, "tokenizer.json"), whole, 0o644)); err != nil {
		t.Fatal(err)
	}
	for name, directory := range map[string]string{"vocab.json": slow, "tokenizer.json": fast} {
		encoder, err := openFrom(t, directory)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := encoder.EncodeTexts(t.Context(), []string{want.Prompt})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range want.Embedding {
			if math.Abs(float64(got[0][i])-v) > 2e-5 {
				t.Errorf("%s: value %d is %v, want %v", name, i, got[0][i], v)
			}
		}
	}
}

// TestProcessorConfig: what transformers 5 writes in place of
// preprocessor_config.json says the same.
func TestProcessorConfig(t *testing.T) {
	directory := t.TempDir()
	content, err := os.ReadFile("testdata/cases/processor_config.json")
	if err := errors.Join(err, os.CopyFS(directory, os.DirFS(tiny)), os.Remove(filepath.Join(directory, "preprocessor_config.json")),
		os.WriteFile(filepath.Join(directory, "processor_config.json"), content, 0o644)); err != nil {
		t.Fatal(err)
	}
	picture := photograph(t, "rgb_67x45")
	var vectors [2][]float32
	for i, from := range []string{tiny, directory} {
		encoder, err := openFrom(t, from)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := encoder.EncodeImages(t.Context(), []sdk.Image{picture})
		if err != nil {
			t.Fatal(err)
		}
		vectors[i] = rows[0]
	}
	for i, v := range vectors[0] {
		if vectors[1][i] != v {
			t.Fatalf("value %d is %v, want %v", i, vectors[1][i], v)
		}
	}
	for content, want := range map[string]string{
		`{"processor_class": "CLIPProcessor"}`:                               `"image_processor" is missing`,
		`{"image_processor": {"image_processor_type": "ViTImageProcessor"}}`: "ViTImageProcessor",
		`{"image_processor": {"resample": "bicubic"}}`:                       `"image_processor.resample" is "bicubic": it must be a whole number`,
	} {
		if err := os.WriteFile(filepath.Join(directory, "processor_config.json"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := openFrom(t, directory); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", content, err)
		}
	}
}
