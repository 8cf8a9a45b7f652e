package sdk

import (
	"fmt"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// Resized is an image in the size that a component wants, with the bytes of Pillow. The
// host does it to what it sends; a Fit does it to what it reads from tables. An image
// that has the size is returned as it is.
func Resized(image Image, to Input) Image {
	filter, known := map[schema.Filter]imaging.Filter{
		FilterNearest:  imaging.Nearest,
		FilterBox:      imaging.Box,
		FilterBilinear: imaging.Bilinear,
		FilterBicubic:  imaging.Bicubic,
	}[to.Filter]
	if image.Width == to.Width && image.Height == to.Height || !known {
		return image
	}
	if to.Aspect == AspectCrop {
		return filter.Crop(image, to.Width, to.Height)
	}
	return filter.Resize(image, to.Width, to.Height)
}

// checkInput holds an image against what a component says that it gets.
func checkInput(image Image, c Description) error {
	if to := c.Input; to != nil && (image.Width != to.Width || image.Height != to.Height) {
		return fmt.Errorf("image has %d x %d pixels, and %s %q says that it gets %d x %d", image.Width, image.Height, c.Kind, c.Name, to.Width, to.Height)
	}
	return nil
}
