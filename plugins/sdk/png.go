package sdk

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// maxPixels bounds what a PNG header can make us allocate (192 MiB).
const maxPixels = 1 << 26

// DecodePNG reads a PNG file. It refuses what 8-bit RGB cannot hold without
// loss: 16 bits a channel, and transparency.
func DecodePNG(data []byte) (Image, error) {
	header, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Image{}, fmt.Errorf("read PNG header: %w", err)
	}
	if header.Width*header.Height > maxPixels {
		return Image{}, fmt.Errorf("PNG of %d x %d pixels is larger than the limit of %d pixels", header.Width, header.Height, maxPixels)
	}
	switch header.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
		return Image{}, fmt.Errorf("PNG has 16 bits a channel: convert it to 8-bit RGB")
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Image{}, fmt.Errorf("decode PNG: %w", err)
	}

	bounds := decoded.Bounds()
	out := Image{Width: bounds.Dx(), Height: bounds.Dy(), RGB: make([]byte, 3*bounds.Dx()*bounds.Dy())}
	at := 0
	put := func(r, g, b byte) {
		out.RGB[at], out.RGB[at+1], out.RGB[at+2] = r, g, b
		at += 3
	}
	switch pixels := decoded.(type) {
	case *image.RGBA: // truecolour without transparency
		for y := range out.Height {
			row := pixels.Pix[y*pixels.Stride:]
			for x := range out.Width {
				put(row[4*x], row[4*x+1], row[4*x+2])
			}
		}
	case *image.Gray:
		for y := range out.Height {
			row := pixels.Pix[y*pixels.Stride:]
			for x := range out.Width {
				put(row[x], row[x], row[x])
			}
		}
	default:
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				pixel := color.NRGBAModel.Convert(decoded.At(x, y)).(color.NRGBA)
				if pixel.A != 255 {
					return Image{}, fmt.Errorf("PNG is transparent at (%d, %d): flatten it onto a background first", x, y)
				}
				put(pixel.R, pixel.G, pixel.B)
			}
		}
	}
	return out, nil
}

// EncodePNG writes an image as a PNG file.
func EncodePNG(img Image) ([]byte, error) {
	if err := img.check(); err != nil {
		return nil, err
	}
	pixels := image.NewRGBA(image.Rect(0, 0, img.Width, img.Height))
	for i := range img.Width * img.Height {
		copy(pixels.Pix[4*i:], img.RGB[3*i:3*i+3])
		pixels.Pix[4*i+3] = 255
	}
	var out bytes.Buffer
	if err := png.Encode(&out, pixels); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return out.Bytes(), nil
}

// check refuses an image whose pixels do not fill its rectangle.
func (i Image) check() error {
	if i.Width <= 0 || i.Height <= 0 || len(i.RGB) != 3*i.Width*i.Height {
		return fmt.Errorf("image of %d x %d pixels holds %d bytes, not %d", i.Width, i.Height, len(i.RGB), 3*i.Width*i.Height)
	}
	return nil
}
