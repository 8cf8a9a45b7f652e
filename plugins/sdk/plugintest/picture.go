package plugintest

import "github.com/plumb-ml/plumb/plugins/sdk"

// Picture is an image of 512 x 512 pixels with slow gradients and a little noise, as
// pictures have them; no two numbers give the same.
func Picture(number int) sdk.Image {
	const side = 512
	out := sdk.Image{Width: side, Height: side, RGB: make([]byte, 3*side*side)}
	noise := uint32(number + 1)
	for i := range out.RGB {
		y, x, c := i/(3*side), i%(3*side)/3, i%3
		noise = noise*1664525 + 1013904223
		out.RGB[i] = byte((y*(c+1)+x)/4 + int(noise>>29))
	}
	return out
}
