package imaging

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestPNGIsLossless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 40).Draw(t, "width")
		height := rapid.IntRange(1, 40).Draw(t, "height")
		want := Image{width, height, rapid.SliceOfN(rapid.Byte(), 3*width*height, 3*width*height).Draw(t, "rgb")}
		b, err := EncodePNG(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b, Exchanged)
		if err != nil || got.Width != width || got.Height != height || !bytes.Equal(got.RGB, want.RGB) {
			t.Fatalf("%d by %d came back as %d by %d, %v", width, height, got.Width, got.Height, err)
		}
		again, err := EncodePNG(want)
		if err != nil || !bytes.Equal(b, again) {
			t.Fatal("the same pixels gave other bytes")
		}
	})
}

func TestEncodePNGRefusesWrongSizes(t *testing.T) {
	for _, c := range []struct{ width, height, bytes int }{{0, 1, 0}, {1, 0, 0}, {-1, -1, 3}, {2, 2, 11}, {2, 2, 13}} {
		if _, err := EncodePNG(Image{c.width, c.height, make([]byte, c.bytes)}); err == nil {
			t.Errorf("%d bytes passed as %d by %d", c.bytes, c.width, c.height)
		}
	}
}

func BenchmarkEncodePNG(b *testing.B) {
	const side = 32
	rgb := make([]byte, 3*side*side)
	rand.NewChaCha8([32]byte{}).Read(rgb)
	for b.Loop() {
		if _, err := EncodePNG(Image{side, side, rgb}); err != nil {
			b.Fatal(err)
		}
	}
}
