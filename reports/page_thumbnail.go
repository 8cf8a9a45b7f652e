package reports

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"image/png"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/reports/page"
)

// The sizes of images on a page, in pixels of the longer side.
const (
	wholeImage     = 96  // images up to this are shown as they are, pixel by pixel
	thumbnailSide  = 192 // larger ones are reduced to this
	thumbnailJPEGs = 82  // quality
)

// thumbnail is an image as a page holds it.
type thumbnail struct {
	source        string // a data URI
	width, height int
	small         bool // every pixel is there
}

// thumbnails makes them; it keeps the encoder's buffers between images.
type thumbnails struct{ encoder png.Encoder }

func newThumbnails() *thumbnails {
	return &thumbnails{png.Encoder{CompressionLevel: png.BestCompression, BufferPool: new(oneBuffer)}}
}

// oneBuffer is the buffer pool of an encoder that encodes one image after the other.
type oneBuffer struct{ buffer *png.EncoderBuffer }

func (b *oneBuffer) Get() *png.EncoderBuffer       { return b.buffer }
func (b *oneBuffer) Put(buffer *png.EncoderBuffer) { b.buffer = buffer }

// of is the thumbnail of a PNG as stages exchange them: a PNG of the same pixels if they
// are few, else a reduced JPEG.
func (t *thumbnails) of(content []byte) (thumbnail, error) {
	picture, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		return thumbnail{}, fmt.Errorf("decode: %w", err)
	}
	var b bytes.Buffer
	if max(picture.Width, picture.Height) <= wholeImage {
		if err := t.encoder.Encode(&b, picture.Picture()); err != nil {
			return thumbnail{}, fmt.Errorf("encode: %w", err)
		}
		return thumbnail{page.DataURI("image/png", b.Bytes()), picture.Width, picture.Height, true}, nil
	}
	if side := max(picture.Width, picture.Height); side > thumbnailSide {
		picture = imaging.Bicubic.Resize(picture, max(1, picture.Width*thumbnailSide/side), max(1, picture.Height*thumbnailSide/side))
	}
	if err := jpeg.Encode(&b, picture.Picture(), &jpeg.Options{Quality: thumbnailJPEGs}); err != nil {
		return thumbnail{}, fmt.Errorf("encode: %w", err)
	}
	return thumbnail{page.DataURI("image/jpeg", b.Bytes()), picture.Width, picture.Height, false}, nil
}
