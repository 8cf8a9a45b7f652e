package imaging

import (
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

func TestCover(t *testing.T) {
	image := photograph(t, "rgb_67x45")
	if same := Cover(image, 67, 45); !slices.Equal(same.RGB, image.RGB) {
		t.Error("an image of the right size is another")
	}
	// Twice as wide as it needs to be: the middle of what the shape allows.
	got, whole := Cover(image, 20, 45), Bicubic(image, 67, 45)
	for y := range 45 {
		if want := whole.RGB[(y*67+23)*3:][:60]; !slices.Equal(got.RGB[y*60:][:60], want) {
			t.Fatalf("row %d is not the middle", y)
		}
	}
	for _, size := range [][2]int{{8, 8}, {90, 45}, {45, 90}, {67, 46}, {1, 1}, {128, 128}} {
		if got := Cover(image, size[0], size[1]); got.Width != size[0] || got.Height != size[1] || len(got.RGB) != 3*size[0]*size[1] {
			t.Errorf("%v: %d x %d pixels, %d bytes", size, got.Width, got.Height, len(got.RGB))
		}
	}
	narrow := sdk.Image{Width: 1 << 20, Height: 1, RGB: make([]byte, 3<<20)}
	if got := Cover(narrow, 16, 16); len(got.RGB) != 3*16*16 {
		t.Errorf("%d bytes", len(got.RGB))
	}
}
