package stage

import (
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

func TestSizes(t *testing.T) {
	png := func(width, height int) []byte {
		content, err := imaging.EncodePNG(imaging.Image{Width: width, Height: height, RGB: make([]byte, 3*width*height)})
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	for want, images := range map[string][][]byte{
		"":               nil,
		"4 x 3":          {png(4, 3), png(4, 3)},
		"2 x 5 to 9 x 4": {png(9, 4), png(2, 5), png(4, 4)},
		"3 x 4 to 4 x 3": {png(4, 3), png(3, 4)},
	} {
		var s sizes
		for _, image := range images {
			s.add(image)
		}
		if got := s.String(); got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
	s := sizes{}
	s.add(png(4, 3))
	s.add([]byte("no picture"))
	if got := s.String(); got != "" {
		t.Errorf("of an image that cannot be read: %q", got)
	}
}
