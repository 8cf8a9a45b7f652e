package builtin

import (
	"context"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// BenchmarkEncode is the encoding of images by the encoder of the world of shapes,
// which is nearly all that scoring them takes.
func BenchmarkEncode(b *testing.B) {
	var encoder sdk.Encoder
	for _, c := range Plugin().Components {
		if c.Kind == sdk.KindEncoder && c.Name == "shapes_clip" {
			instance, err := c.Open(context.Background(), sdk.OpenRequest{Config: []byte(`{}`), Backend: backendstest.Name()})
			if err != nil {
				b.Fatal(err)
			}
			encoder = instance.(sdk.Encoder)
		}
	}
	images := make([]sdk.Image, 256)
	for i := range images {
		rgb := make([]byte, 3*32*32)
		for j := range rgb {
			rgb[j] = byte(i * j)
		}
		images[i] = sdk.Image{Width: 32, Height: 32, RGB: rgb}
	}
	encode := func() {
		if _, err := encoder.EncodeImages(context.Background(), images); err != nil {
			b.Fatal(err)
		}
	}
	encode() // compiles
	b.ResetTimer()
	for range b.N {
		encode()
	}
	b.ReportMetric(float64(b.N*len(images))/b.Elapsed().Seconds(), "images/s")
}
