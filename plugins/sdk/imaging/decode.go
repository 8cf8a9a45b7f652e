package imaging

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// MaxPixels bounds an image: 64 million pixels, the size of the largest
// cameras, 192 MiB of RGB. A damaged header must not ask for all memory.
const MaxPixels = 64 << 20

// Origin says where a file comes from, and so what it may be.
type Origin int

// The origins.
const (
	Exchanged Origin = iota // made by a stage or a plugin: PNG; what 8-bit RGB cannot hold is refused
	Foreign                 // brought along by people: any format; what 8-bit RGB cannot hold is dropped
)

// SizeError refuses an image for its size. Its text completes "the header says
// that".
type SizeError struct{ Width, Height int }

func (e *SizeError) Error() string {
	if e.Width <= 0 || e.Height <= 0 {
		return "it has no pixels"
	}
	return fmt.Sprintf("%d by %d pixels are more than the %d million that are allowed", e.Width, e.Height, MaxPixels>>20)
}

// format is a kind of image file.
type format struct {
	name   string
	magic  string // a "?" is any byte
	header func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	rgb    func(picture image.Image, content []byte) Image
}

// formats are listed here rather than taken from the registry of the package
// image, in which every other package of a program may write.
var formats = []format{
	{"PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode, func(p image.Image, _ []byte) Image { return pixels(p) }},
	{"JPEG", "\xff\xd8", jpeg.DecodeConfig, jpeg.Decode, func(p image.Image, content []byte) Image {
		turn := orientation(content)
		if p, ok := p.(*image.YCbCr); ok {
			return upright(Image{Width: p.Rect.Dx(), Height: p.Rect.Dy(), RGB: photograph(p)}, turn)
		}
		return upright(pixels(p), turn)
	}},
	{"WebP", "RIFF????WEBPVP8", webp.DecodeConfig, webp.Decode, func(p image.Image, _ []byte) Image {
		size := p.Bounds().Size()
		switch p := p.(type) {
		case *image.YCbCr:
			return Image{Width: size.X, Height: size.Y, RGB: video(p)}
		case *image.NYCbCrA:
			return Image{Width: size.X, Height: size.Y, RGB: video(&p.YCbCr)}
		}
		return pixels(p)
	}},
	{"BMP", "BM????\x00\x00\x00\x00", bmp.DecodeConfig, bmp.Decode, func(p image.Image, _ []byte) Image { return pixels(p) }},
}

func formatOf(content []byte, from Origin) (format, error) {
	for _, f := range formats {
		if matches(content, f.magic) && (from == Foreign || f.name == "PNG") {
			return f, nil
		}
	}
	if from == Exchanged {
		return format{}, fmt.Errorf("read PNG header: it is not a PNG file")
	}
	return format{}, image.ErrFormat
}

func matches(content []byte, magic string) bool {
	if len(content) < len(magic) {
		return false
	}
	for i := range magic {
		if magic[i] != '?' && magic[i] != content[i] {
			return false
		}
	}
	return true
}

// Size returns the width and height of a file in pixels by its header. An image
// that is too large is a *SizeError.
func Size(content []byte, from Origin) (width, height int, err error) {
	defer caught(&err)
	f, err := formatOf(content, from)
	if err != nil {
		return 0, 0, err
	}
	config, err := f.size(content)
	return config.Width, config.Height, err
}

func (f format) size(content []byte) (image.Config, error) {
	config, err := f.header(bytes.NewReader(content))
	if err != nil {
		return config, fmt.Errorf("read %s header: %w", f.name, err)
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > MaxPixels/config.Height {
		return config, fmt.Errorf("read %s header: %w", f.name, &SizeError{config.Width, config.Height})
	}
	return config, nil
}

// Decode reads an image file.
func Decode(content []byte, from Origin) (out Image, err error) {
	defer caught(&err)
	f, err := formatOf(content, from)
	if err != nil {
		return Image{}, err
	}
	config, err := f.size(content)
	if err != nil {
		return Image{}, err
	}
	if from == Exchanged {
		switch config.ColorModel {
		case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
			return Image{}, fmt.Errorf("%s has 16 bits a channel: convert it to 8-bit RGB", f.name)
		}
	}
	picture, err := f.decode(bytes.NewReader(content))
	if err != nil {
		return Image{}, fmt.Errorf("decode %s: %w", f.name, err)
	}
	if from == Exchanged {
		if x, y, clear := transparent(picture); clear {
			return Image{}, fmt.Errorf("%s is transparent at (%d, %d): flatten it onto a background first", f.name, x, y)
		}
	}
	return f.rgb(picture, content), nil
}

// caught turns a panic into an error: the one place where a decoder meets a
// stranger's bytes.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("decode image: %v", p)
	}
}

// transparent returns the first pixel, by rows, that is not opaque.
func transparent(picture image.Image) (x, y int, clear bool) {
	if p, ok := picture.(interface{ Opaque() bool }); ok && p.Opaque() {
		return 0, 0, false
	}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if _, _, _, alpha := picture.At(x, y).RGBA(); alpha != 0xffff {
				return x - bounds.Min.X, y - bounds.Min.Y, true
			}
		}
	}
	return 0, 0, false
}

// pixels returns a picture as RGB; alpha is dropped, and of 16 bits the upper 8
// are kept.
func pixels(picture image.Image) Image {
	bounds := picture.Bounds()
	rgb := make([]byte, 0, channels*bounds.Dx()*bounds.Dy())
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
		case *image.Gray:
			for _, v := range p.Pix[p.PixOffset(bounds.Min.X, y):][:bounds.Dx()] {
				rgb = append(rgb, v, v, v)
			}
		default:
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
				rgb = append(rgb, c.R, c.G, c.B)
			}
		}
	}
	return Image{Width: bounds.Dx(), Height: bounds.Dy(), RGB: rgb}
}
