package imaging

import (
	"fmt"
	"image"
)

// channels of an image: red, green, blue.
const channels = 3

// Image is 8-bit RGB without padding, [height, width, 3].
type Image struct {
	Width, Height int
	RGB           []byte
}

// Check refuses an image whose pixels do not fill its rectangle.
func (i Image) Check() error {
	if i.Width <= 0 || i.Height <= 0 || len(i.RGB) != channels*i.Width*i.Height {
		return fmt.Errorf("image of %d x %d pixels holds %d bytes, not %d", i.Width, i.Height, len(i.RGB), channels*i.Width*i.Height)
	}
	return nil
}

// Picture copies the pixels into an image of the standard library. The image
// must fill its rectangle.
func (i Image) Picture() *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, i.Width, i.Height))
	for from, to := 0, 0; from < len(i.RGB); from, to = from+channels, to+4 {
		copy(picture.Pix[to:to+channels], i.RGB[from:from+channels])
		picture.Pix[to+3] = 0xff
	}
	return picture
}
