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

// eachChunk visits the chunks of a PNG file until visit returns false. The last
// one of a file that is cut short is visited with what there is of its data.
func eachChunk(content []byte, visit func(kind string, data []byte) bool) {
	rest, ok := bytes.CutPrefix(content, []byte(pngMagic))
	if !ok {
		return
	}
	// A chunk: length of its data (4 bytes), type (4), data, checksum (4).
	for len(rest) >= 12 {
		length, kind := int64(binary.BigEndian.Uint32(rest)), string(rest[4:8])
		if length > int64(len(rest)-12) {
			visit(kind, rest[8:])
			return
		}
		if !visit(kind, rest[8:8+length]) {
			return
		}
		rest = rest[12+length:]
	}
}
