package clipmodel

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
)

// TestTextEncoderOfTransformers5: names without "text_model." are the same weights.
func TestTextEncoderOfTransformers5(t *testing.T) {
	const directory = "testdata/cases/model-text-encoder-of-transformers-5"
	var want struct {
		IDs  [][]int32 `json:"input_ids"`
		Last []float64 `json:"last_hidden_state"`
	}
	text, err := os.ReadFile(directory + "/expected.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadConfig(directory)
	if err != nil {
		t.Fatal(err)
	}
	backend := golden.Backend(t)
	store, err := c.Text.Weights(backend).Read(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Finalize()
	encoder, err := NewTextEncoder(backend, c.Text, store)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	got, err := encoder.LastHiddenStates(t.Context(), want.IDs)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || len(got[0]) != len(want.Last) {
		t.Fatalf("%d sequences of %d values", len(got), len(got[0]))
	}
	for i, v := range want.Last {
		if math.Abs(float64(got[0][i])-v) > 2e-6 {
			t.Fatalf("value %d is %v, want %v", i, got[0][i], v)
		}
	}
}
