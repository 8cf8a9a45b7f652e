package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"
)

// maxPixels bounds what a decoded image may need: 64 million pixels, the size
// of the largest cameras. A damaged header must not ask for all memory.
const maxPixels = 64 << 20

// pngBuffers keeps the encoder's buffers, about a megabyte, between images.
var pngBuffers pngPool

type pngPool struct{ pool sync.Pool }

func (p *pngPool) Get() *png.EncoderBuffer {
	b, _ := p.pool.Get().(*png.EncoderBuffer)
	return b
}

func (p *pngPool) Put(b *png.EncoderBuffer) { p.pool.Put(b) }

// EncodePNG returns 8-bit RGB pixels, [height, width, 3], as PNG. It is tuned
// for speed: images are stored once and read often.
func EncodePNG(width, height int, rgb []byte) ([]byte, error) {
	if width <= 0 || height <= 0 || len(rgb) != 3*width*height {
		return nil, fmt.Errorf("encode PNG: %d bytes are not %d by %d RGB pixels", len(rgb), width, height)
	}
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i, j := 0, 0; i < len(rgb); i, j = i+3, j+4 {
		copy(picture.Pix[j:j+3], rgb[i:i+3])
		picture.Pix[j+3] = 0xff
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers}
	if err := encoder.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return b.Bytes(), nil
}

// DecodePNG returns the pixels of a PNG as 8-bit RGB, [height, width, 3]. Grey
// and palette images become RGB, the upper 8 of 16 bits are kept, and an alpha
// channel is dropped, all as PIL's convert("RGB") does.
func DecodePNG(b []byte) (width, height int, rgb []byte, err error) {
	config, err := png.DecodeConfig(bytes.NewReader(b))
	if err == nil {
		err = checkSize(config)
	}
	if err != nil {
		return 0, 0, nil, fmt.Errorf("decode PNG: %w", err)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return 0, 0, nil, fmt.Errorf("decode PNG: %w", err)
	}
	bounds := picture.Bounds()
	return bounds.Dx(), bounds.Dy(), pixels(picture), nil
}

func checkSize(config image.Config) error {
	if config.Width <= 0 || config.Height <= 0 {
		return errors.New("it has no pixels")
	}
	if config.Width > maxPixels/config.Height {
		return fmt.Errorf("%d by %d pixels are more than the %d million that are allowed", config.Width, config.Height, maxPixels>>20)
	}
	return nil
}

// pixels returns a picture as RGB, [height, width, 3].
func pixels(picture image.Image) []byte {
	bounds := picture.Bounds()
	rgb := make([]byte, 0, 3*bounds.Dx()*bounds.Dy())
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		switch p := picture.(type) {
		case *image.RGBA: // of PNG without alpha
			row := p.Pix[p.PixOffset(bounds.Min.X, y):][:4*bounds.Dx()]
			for i := 0; i < len(row); i += 4 {
				rgb = append(rgb, row[i], row[i+1], row[i+2])
			}
		case *image.NRGBA:
			row := p.Pix[p.PixOffset(bounds.Min.X, y):][:4*bounds.Dx()]
			for i := 0; i < len(row); i += 4 {
				rgb = append(rgb, row[i], row[i+1], row[i+2])
			}
		default:
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
				rgb = append(rgb, c.R, c.G, c.B)
			}
		}
	}
	return rgb
}
