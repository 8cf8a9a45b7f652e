// Package thumbnail makes images small enough for a page.
package thumbnail

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"image/png"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// The sizes of thumbnails, in pixels of the longer side.
const (
	Whole   = 96  // images up to this are shown as they are, pixel by pixel
	Side    = 192 // larger ones are reduced to this
	quality = 82  // of JPEGs
)

// Thumbnail is an image as a page has it.
type Thumbnail struct {
	Type          string // "image/png" or "image/jpeg"
	Content       []byte
	Width, Height int
	Small         bool // every pixel is there
}

// Maker makes thumbnails, one after the other; it keeps the encoder's buffers.
type Maker struct{ encoder png.Encoder }

// NewMaker returns a Maker.
func NewMaker() *Maker {
	return &Maker{png.Encoder{CompressionLevel: png.BestCompression, BufferPool: new(oneBuffer)}}
}

// oneBuffer is the buffer pool of an encoder that encodes one image after the other.
type oneBuffer struct{ buffer *png.EncoderBuffer }

func (b *oneBuffer) Get() *png.EncoderBuffer       { return b.buffer }
func (b *oneBuffer) Put(buffer *png.EncoderBuffer) { b.buffer = buffer }

// Of is the thumbnail of a PNG as stages exchange them: a PNG of the same pixels if they
// are few, else a reduced JPEG.
func (m *Maker) Of(content []byte) (Thumbnail, error) {
	picture, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		return Thumbnail{}, fmt.Errorf("decode: %w", err)
	}
	var b bytes.Buffer
	if max(picture.Width, picture.Height) <= Whole {
		if err := m.encoder.Encode(&b, picture.Picture()); err != nil {
			return Thumbnail{}, fmt.Errorf("encode: %w", err)
		}
		return Thumbnail{"image/png", b.Bytes(), picture.Width, picture.Height, true}, nil
	}
	if side := max(picture.Width, picture.Height); side > Side {
		picture = imaging.Bicubic.Resize(picture, max(1, picture.Width*Side/side), max(1, picture.Height*Side/side))
	}
	if err := jpeg.Encode(&b, picture.Picture(), &jpeg.Options{Quality: quality}); err != nil {
		return Thumbnail{}, fmt.Errorf("encode: %w", err)
	}
	return Thumbnail{"image/jpeg", b.Bytes(), picture.Width, picture.Height, false}, nil
}
