package builtin

import (
	"context"
	"fmt"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// BenchmarkScore is the scoring of images by clip_score on the encoder of the
// world of shapes, both in one process.
func BenchmarkScore(b *testing.B) {
	opened := func(kind sdk.Kind, name string, uses map[sdk.Kind]any) any {
		for _, c := range Plugin().Components {
			if c.Kind == kind && c.Name == name {
				instance, err := c.Open(context.Background(), sdk.OpenRequest{Config: []byte(`{}`), Backend: "go", Uses: uses})
				if err != nil {
					b.Fatal(err)
				}
				return instance
			}
		}
		b.Fatalf("there is no %s %q", kind, name)
		return nil
	}
	clip := opened(sdk.KindEncoder, "shapes_clip", nil)
	reward := opened(sdk.KindReward, "clip_score", map[sdk.Kind]any{sdk.KindEncoder: clip}).(sdk.BatchReward)
	items := make([]sdk.Item, 256)
	for i := range items {
		rgb := make([]byte, 3*32*32)
		for j := range rgb {
			rgb[j] = byte(i * j)
		}
		items[i] = sdk.Item{ID: fmt.Sprint(i), Prompt: sdk.Prompt{Text: "two red crosses at night"}, Image: sdk.Image{Width: 32, Height: 32, RGB: rgb}}
	}
	score := func() {
		if _, err := reward.ScoreBatch(context.Background(), items); err != nil {
			b.Fatal(err)
		}
	}
	score() // compiles
	b.ResetTimer()
	for range b.N {
		score()
	}
	b.ReportMetric(float64(b.N*len(items))/b.Elapsed().Seconds(), "images/s")
}
