package thumbnail

import (
	"bytes"
	"image"
	_ "image/jpeg" // both forms of thumbnails
	_ "image/png"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

func TestThumbnails(t *testing.T) {
	pixels := make([]byte, 3*400*200)
	for i := range pixels {
		pixels[i] = byte(i / 3 % 400 / 2)
	}
	for _, c := range []struct {
		width, height         int
		wantWidth, wantHeight int
		format                string
	}{{32, 16, 32, 16, "png"}, {96, 96, 96, 96, "png"}, {400, 200, 192, 96, "jpeg"}, {97, 10, 97, 10, "jpeg"}} {
		from := imaging.Image{Width: c.width, Height: c.height, RGB: pixels[:3*c.width*c.height]}
		content, err := imaging.EncodeStored(from)
		if err != nil {
			t.Fatal(err)
		}
		small, err := NewMaker().Of(content)
		if err != nil {
			t.Fatal(err)
		}
		picture, format, err := image.Decode(bytes.NewReader(small.Content))
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds(); size.Dx() != c.wantWidth || size.Dy() != c.wantHeight || format != c.format || small.Type != "image/"+format || small.Small != (format == "png") || small.Width != c.wantWidth {
			t.Errorf("%d x %d: a %s of %v", c.width, c.height, format, size)
		}
		if red, _, _, _ := picture.At(5, 5).RGBA(); format == "png" && byte(red>>8) != from.RGB[3*(5*c.width+5)] {
			t.Errorf("%d x %d: pixels changed", c.width, c.height)
		}
	}
	if _, err := NewMaker().Of([]byte("no image")); err == nil {
		t.Error("what is no image was taken for one")
	}
}
