package imaging

import (
	"bytes"
	"math"
	"testing"
)

// gray is an image of one row, grey.
func gray(values ...byte) Image {
	out := Image{Width: len(values), Height: 1}
	for _, v := range values {
		out.RGB = append(out.RGB, v, v, v)
	}
	return out
}

// TestResize: numbers worked out by hand. Halving four values by the triangle,
// its reach 2 at that scale, weighs them 3/7, 3/7, 1/7, 0 and the reverse;
// doubling two weighs them 1/4 and 3/4 between them. Pillow's own bytes are
// compared in plugins/ml/preprocess.
func TestResize(t *testing.T) {
	for name, test := range map[string]struct{ got, want Image }{
		"halved":   {Bilinear.Resize(gray(0, 70, 140, 210), 2, 1), gray(50, 160)},
		"doubled":  {Bilinear.Resize(gray(0, 100), 4, 1), gray(0, 25, 75, 100)},
		"the same": {Bicubic.Resize(gray(1, 2, 250), 3, 1), gray(1, 2, 250)},
		"a part":   {Bilinear.Part(gray(0, 100), 4, 1, 1, 0, 2, 1), gray(25, 75)},
		"a plane":  {Bicubic.Resize(Image{2, 2, bytes.Repeat([]byte{9, 8, 7}, 4)}, 5, 3), Image{5, 3, bytes.Repeat([]byte{9, 8, 7}, 15)}},
		// Twice as wide as it should be: the middle two of four columns.
		"covered": {Cover(gray(1, 2, 3, 4), 2, 1), gray(2, 3)},
	} {
		if test.got.Width != test.want.Width || test.got.Height != test.want.Height || !bytes.Equal(test.got.RGB, test.want.RGB) {
			t.Errorf("%s: got %v, want %v", name, test.got, test.want)
		}
	}
}

// TestResizeFloats: planes of channels, and no rounding to bytes. Between 0 and
// 100, Keys' kernel at 1/4 and 3/4 has 0.8671875 and 0.2265625 for the two
// values; what lies outside is left out, and the weights are divided by their sum.
func TestResizeFloats(t *testing.T) {
	got := ResizeFloats(Image{2, 1, []byte{0, 7, 0, 100, 7, 0}}, 4, 1)
	inner, outer := 0.8671875, 0.2265625
	far := -0.0703125 // at 1.25
	want := []float64{
		100 * far / (inner + far), 100 * outer / (inner + outer), 100 * inner / (inner + outer), 100 * inner / (inner + far),
		7, 7, 7, 7,
		0, 0, 0, 0,
	}
	if len(got) != len(want) {
		t.Fatalf("%d numbers", len(got))
	}
	for i := range want {
		if math.Abs(float64(got[i])-want[i]) > 1e-5 {
			t.Errorf("number %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func BenchmarkResize512To224(b *testing.B) {
	image := Image{Width: 512, Height: 512, RGB: make([]byte, 3*512*512)}
	for name, filter := range map[string]Filter{"nearest": Nearest, "box": Box, "bilinear": Bilinear, "bicubic": Bicubic} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				filter.Resize(image, 224, 224)
			}
		})
	}
}
