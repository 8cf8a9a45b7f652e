package clipscore

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// channels encodes an image as the means of its channels, and a text as the
// channels that it names.
type channels struct{ asked int }

func (c *channels) EncodeImages(_ context.Context, images []sdk.Image) ([][]float32, error) {
	vectors := make([][]float32, len(images))
	for i, image := range images {
		v := make([]float32, 3)
		for j, b := range image.RGB {
			v[j%3] += float32(b) / float32(len(image.RGB))
		}
		vectors[i] = v
	}
	return vectors, nil
}

func (c *channels) EncodeTexts(_ context.Context, texts []string) ([][]float32, error) {
	c.asked += len(texts)
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		v := make([]float32, 3)
		for _, letter := range text {
			switch letter {
			case 'r':
				v[0]++
			case 'g':
				v[1]++
			case 'b':
				v[2]++
			}
		}
		vectors[i] = v
	}
	return vectors, nil
}

func TestScore(t *testing.T) {
	encoder := &channels{}
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{
		Config: json.RawMessage(`{"scale": 10}`),
		Uses:   map[sdk.Kind]any{sdk.KindEncoder: encoder},
	})
	if err != nil {
		t.Fatal(err)
	}
	plain := func(r, g, b byte) sdk.Image { return sdk.Image{Width: 1, Height: 1, RGB: []byte{r, g, b}} }
	items := []sdk.Item{
		{Prompt: sdk.Prompt{Text: "r"}, Image: plain(200, 0, 0)}, // same direction: the length does not matter
		{Prompt: sdk.Prompt{Text: "r"}, Image: plain(0, 9, 0)},   // at right angles
		{Prompt: sdk.Prompt{Text: "rg"}, Image: plain(80, 0, 0)}, // 45 degrees
		{Prompt: sdk.Prompt{Text: "r"}, Image: plain(0, 0, 0)},   // no direction
	}
	want := []float64{10, 0, 10 * math.Sqrt2 / 2, 0}
	reward := instance.(sdk.BatchReward)
	for range 2 {
		scores, err := reward.ScoreBatch(t.Context(), items)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(scores[i]-want[i]) > 1e-6 {
				t.Errorf("score %d is %v, want %v", i, scores[i], want[i])
			}
		}
	}
	if encoder.asked != 2 {
		t.Errorf("%d texts were encoded, there are 2 different ones", encoder.asked)
	}
	score, err := reward.Score(t.Context(), items[2].Prompt, items[2].Image)
	if err != nil || math.Abs(score-want[2]) > 1e-6 {
		t.Errorf("Score gives %v, %v; want %v", score, err, want[2])
	}
}

func TestContract(t *testing.T) {
	plugintest.Run(t, sdk.Plugin{Name: "test", Components: []sdk.Component{
		Component(),
		{Description: sdk.Description{Kind: sdk.KindEncoder, Name: "channels"}, Open: func(context.Context, sdk.OpenRequest) (any, error) { return &channels{}, nil }},
	}})
}
