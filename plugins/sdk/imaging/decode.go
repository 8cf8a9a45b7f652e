package imaging

import (
	"bytes"
	"errors"
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
	rgb    func(picture image.Image) Image
	about  func(content []byte) about
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// formats are listed here rather than taken from the registry of the package
// image, in which every other package of a program may write.
var formats = []format{
	{"PNG", pngMagic, png.DecodeConfig, png.Decode, pixels, ofPNG},
	{"JPEG", "\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode, func(p image.Image) Image {
		if p, ok := p.(*image.YCbCr); ok {
			return Image{Width: p.Rect.Dx(), Height: p.Rect.Dy(), RGB: photograph(p)}
		}
		return pixels(p)
	}, ofJPEG},
	{"WebP", "RIFF????WEBPVP8", webp.DecodeConfig, webp.Decode, func(p image.Image) Image {
		size := p.Bounds().Size()
		switch p := p.(type) {
		case *image.YCbCr:
			return Image{Width: size.X, Height: size.Y, RGB: video(p)}
		case *image.NYCbCrA:
			return Image{Width: size.X, Height: size.Y, RGB: video(&p.YCbCr)}
		}
		return pixels(p)
	}, ofWebP},
	{"BMP", "BM??????????????\x00\x00", bmp.DecodeConfig, bmp.Decode, pixels, func([]byte) about { return about{} }},
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
	return format{}, stranger(content)
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

// Size returns the width and height of a file in pixels by its header, before it is
// turned upright. An image that is too large is a *SizeError, one of another kind
// or form a *KindError.
func Size(content []byte, from Origin) (width, height int, err error) {
	defer caught(&err)
	f, err := formatOf(content, from)
	if err != nil {
		return 0, 0, err
	}
	config, err := f.size(content)
	return config.Width, config.Height, err
}

// headerBytes are what Inspect looks at first, and later: a large one is of a JPEG
// with a preview in its Exif data or a profile of colours.
const headerBytes, largeHeader = 4 << 10, 1 << 20

// Inspect reads the beginning of a foreign file and returns what Size would.
func Inspect(file io.ReaderAt) error {
	for _, size := range []int{headerBytes, largeHeader} {
		content := make([]byte, size)
		n, err := file.ReadAt(content, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if _, _, err = Size(content[:n], Foreign); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) || n < size {
			return err
		}
	}
	return nil // too long a header to be looked at now
}

func (f format) size(content []byte) (image.Config, error) {
	if f.name == "WebP" && animated(content) {
		return image.Config{}, &KindError{"a WebP", "with animation"}
	}
	config, err := f.header(bytes.NewReader(content))
	if err != nil {
		return config, fmt.Errorf("read %s header: %w", f.name, f.unread(content, err))
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > MaxPixels/config.Height {
		return config, fmt.Errorf("read %s header: %w", f.name, &SizeError{config.Width, config.Height})
	}
	return config, nil
}

// Decode reads an image file.
func Decode(content []byte, from Origin) (Image, error) { return DecodeInto(content, from, zeroed) }

// zeroed is new memory.
func zeroed(bytes int) []byte { return make([]byte, bytes) }

// DecodeInto is Decode with room for the pixels by whoever asks: so many bytes, whatever
// is in them. Of files that take long to read anyway it may not be asked for.
func DecodeInto(content []byte, from Origin, room func(bytes int) []byte) (out Image, err error) {
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
	if picture, ok := decodeStored(content, room); ok {
		return picture, nil
	}
	picture, err := f.decode(bytes.NewReader(content))
	if err != nil {
		return Image{}, fmt.Errorf("decode %s: %w", f.name, f.unread(content, err))
	}
	if from == Exchanged {
		if x, y, clear := transparent(picture); clear {
			return Image{}, fmt.Errorf("%s is transparent at (%d, %d): flatten it onto a background first", f.name, x, y)
		}
	}
	return upright(f.rgb(picture), f.about(content).orientation()), nil
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
		case *image.NRGBA64: // colours beside alpha as they are, whatever it is
			row := p.Pix[p.PixOffset(bounds.Min.X, y):][:8*bounds.Dx()]
			for i := 0; i < len(row); i += 8 {
				rgb = append(rgb, row[i], row[i+2], row[i+4])
			}
		default: // opaque, or a palette, whose colours are beside alpha as well
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
				rgb = append(rgb, c.R, c.G, c.B)
			}
		}
	}
	return Image{Width: bounds.Dx(), Height: bounds.Dy(), RGB: rgb}
}
