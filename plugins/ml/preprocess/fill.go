package preprocess

import (
	"math"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// Fill resizes an image, its shape kept, until it just covers width x height,
// and cuts out the middle: what diffusers' train_text_to_image.py makes of an
// image before it trains on it, with --center_crop and without --random_flip.
// It is torchvision's Resize(BILINEAR) and CenterCrop, to the bytes of Pillow's
// BILINEAR, for sides that need not be the same.
func Fill(image sdk.Image, width, height int) sdk.Image {
	to := size{height, width}
	// In whole numbers: image.Width / image.Height against width / height.
	if image.Width*height <= width*image.Height {
		to.height = width * image.Height / image.Width
	} else {
		to.width = height * image.Width / image.Height
	}
	left, top := halfToEven(to.width-width), halfToEven(to.height-height)
	return imaging.Bilinear.Part(image, to.width, to.height, left, top, width, height)
}

// halfToEven is half of n, rounded to the even number as Python does.
func halfToEven(n int) int { return int(math.RoundToEven(float64(n) / 2)) }
