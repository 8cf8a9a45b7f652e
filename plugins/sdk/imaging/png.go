package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/png"
	"sync"
)

// pngBuffers keeps the encoder's buffers, about a megabyte, between images.
var pngBuffers pngPool

type pngPool struct{ pool sync.Pool }

func (p *pngPool) Get() *png.EncoderBuffer {
	b, _ := p.pool.Get().(*png.EncoderBuffer)
	return b
}

func (p *pngPool) Put(b *png.EncoderBuffer) { p.pool.Put(b) }

// EncodePNG writes an image as a PNG file of 8-bit RGB; the same pixels give
// the same bytes. It is tuned for speed: images are stored once and read often.
func EncodePNG(from Image) ([]byte, error) {
	if err := from.Check(); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers}
	if err := encoder.Encode(&b, from.Picture()); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return b.Bytes(), nil
}

// IsPlainPNG reports whether a file is a PNG of grey or RGB with at most 8 bits
// a channel and without transparency: what every reader takes for the same
// pixels, so that a table can hold the file as it is. It looks at the chunks
// before the pixels; whether these are intact, Decode knows.
func IsPlainPNG(content []byte) bool {
	signature := formats[0].magic
	if !bytes.HasPrefix(content, []byte(signature)) {
		return false
	}
	// A chunk: length of its data (4 bytes), type (4), data, checksum (4).
	for rest := content[len(signature):]; len(rest) >= 12; {
		length, kind := int64(binary.BigEndian.Uint32(rest)), string(rest[4:8])
		if length > int64(len(rest)-12) {
			return kind == "IDAT" // cut short
		}
		data := rest[8 : 8+length]
		switch kind {
		case "IHDR":
			const grey, truecolour = 0, 2
			if length < 13 || data[8] > 8 || data[9] != grey && data[9] != truecolour {
				return false
			}
		case "tRNS":
			return false
		case "IDAT":
			return true
		}
		rest = rest[12+length:]
	}
	return false
}
