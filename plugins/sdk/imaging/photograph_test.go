package imaging

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// TestPhotographs compares pictures with colour at half the resolution with
// Pillow 9.4, that is with libjpeg-turbo and libwebp. Decoders may round JPEG's
// cosines as they like: of Go's, one value in twenty is off by one or two.
func TestPhotographs(t *testing.T) {
	for name, tolerance := range map[string]struct{ mean, most float64 }{
		"photograph.jpg":  {0.1, 3},
		"photograph.webp": {0, 0},
	} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(content, Foreign)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := os.ReadFile(filepath.Join("testdata", name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := Decode(expected, Exchanged)
		if err != nil || got.Width != want.Width || got.Height != want.Height {
			t.Fatalf("%s: %d by %d, want %d by %d, %v", name, got.Width, got.Height, want.Width, want.Height, err)
		}
		var sum, most float64
		for i := range want.RGB {
			off := math.Abs(float64(got.RGB[i]) - float64(want.RGB[i]))
			sum, most = sum+off, max(most, off)
		}
		mean := sum / float64(len(want.RGB))
		t.Logf("%s: %.3f off, at most %v", name, mean, most)
		if mean > tolerance.mean || most > tolerance.most {
			t.Errorf("%s: %v off in the mean, %v at most", name, mean, most)
		}
	}
}
