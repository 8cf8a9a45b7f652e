package shapesworld

import (
	"context"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestFitEncoder runs the whole way once: captioned scenes in, vectors out that
// do not depend on the batch.
func TestFitEncoder(t *testing.T) {
	backend := openBackend(t)
	config := EncoderConfig{Network: tiny, Text: 8, Projection: 5, Vocabulary: Vocabulary}
	path, rows := scenesTable(t, 66)
	settings := train.Settings{Steps: 2, BatchSize: 4, LearningRate: 1e-3}
	store := model.NewStore()
	ctx := context.Background()
	if err := FitEncoder(ctx, backend, config, store, settings, sdk.FitRequest{Sets: []sdk.FitSet{{Images: path}}, Seed: 3}, ignore); err != nil {
		t.Fatal(err)
	}
	encoder, err := NewEncoder(backend, config, store)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	var images [][]byte
	var texts []string
	for _, row := range rows {
		rgb, err := decode(row.Image.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		images, texts = append(images, rgb), append(texts, row.Prompt)
	}
	ofImages, err := encoder.Images(ctx, images)
	if err != nil {
		t.Fatal(err)
	}
	ofTexts, err := encoder.Texts(ctx, texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(ofImages) != 66 || len(ofTexts) != 66 {
		t.Fatalf("%d and %d vectors", len(ofImages), len(ofTexts))
	}
	for _, i := range []int{0, 40, 65} {
		image, err := encoder.Images(ctx, images[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		text, err := encoder.Texts(ctx, texts[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		if len(image[0]) != 5 || !slices.Equal(image[0], ofImages[i]) || !slices.Equal(text[0], ofTexts[i]) {
			t.Errorf("alone, example %d has other vectors", i)
		}
	}
	same, err := encoder.Texts(ctx, []string{"two red crosses", "Red crosses, two!", "two red rings"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(same[0], same[1]) || slices.Equal(same[0], same[2]) {
		t.Error("a text's vector is not that of its words")
	}
}
