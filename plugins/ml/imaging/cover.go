package imaging

import "github.com/plumb-ml/plumb/plugins/sdk"

// Cover resizes an image with Bicubic, its shape kept, to the smallest size that
// covers width x height, and cuts the middle out. An odd rest is cut off right
// and below.
func Cover(image sdk.Image, width, height int) sdk.Image {
	if image.Width == width && image.Height == height {
		return image
	}
	to := size{height, width}
	// In whole numbers: image.Width / image.Height against width / height.
	if image.Width*height > width*image.Height {
		to.width = max(width, (image.Width*height+image.Height/2)/image.Height)
	} else {
		to.height = max(height, (image.Height*width+image.Width/2)/image.Width)
	}
	return resize(image, to, (to.height-height)/2, (to.width-width)/2, size{height, width})
}
