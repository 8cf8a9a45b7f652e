package preprocess

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// TestFill compares with Pillow 9.4.0: resize(BILINEAR) to the size and crop at
// the place that torchvision 0.14's Resize and CenterCrop work out.
func TestFill(t *testing.T) {
	for _, test := range []struct {
		name          string
		width, height int
	}{
		{"rgb_67x45", 24, 24}, {"rgb_67x45", 24, 40}, {"rgb_51x131", 24, 24}, {"rgb_51x131", 32, 16}, {"gray_29x21", 40, 40},
	} {
		content, err := os.ReadFile(fmt.Sprintf("testdata/fill/%s_%dx%d.png", test.name, test.width, test.height))
		if err != nil {
			t.Fatal(err)
		}
		want, err := imaging.Decode(content, imaging.Exchanged)
		if err != nil {
			t.Fatal(err)
		}
		got := Fill(photograph(t, test.name), test.width, test.height)
		if got.Width != want.Width || got.Height != want.Height {
			t.Fatalf("%s: %d x %d pixels", test.name, got.Width, got.Height)
		}
		wrong := 0
		for i, b := range got.RGB {
			if b != want.RGB[i] {
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("%s to %d x %d: %d of %d bytes are not Pillow's", test.name, test.width, test.height, wrong, len(want.RGB))
		}
	}
	image := photograph(t, "rgb_67x45")
	if same := Fill(image, 67, 45); !slices.Equal(same.RGB, image.RGB) {
		t.Error("an image of the right size is another")
	}
	for _, narrow := range []sdk.Image{{Width: 1 << 20, Height: 1, RGB: make([]byte, 3<<20)}, {Width: 1, Height: 1 << 20, RGB: make([]byte, 3<<20)}} {
		if got := Fill(narrow, 16, 16); len(got.RGB) != 3*16*16 {
			t.Errorf("%d bytes", len(got.RGB))
		}
	}
}
