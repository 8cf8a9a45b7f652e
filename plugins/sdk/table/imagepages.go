package table

import (
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// imagePages compresses pages of stored PNGs: zstd that spends little on looking for what
// repeats, of which filtered pixels have nearly nothing, and gives frequent bytes short
// codes. Beside the default of zstd it is as small or smaller, and written in a half to a
// fifth of the time.
type imagePages struct {
	compress.Codec // for reading
	encoders       sync.Pool
}

var imageCodec = &imagePages{Codec: &parquet.Zstd, encoders: sync.Pool{New: func() any {
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true),
		zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false),
	)
	if err != nil {
		panic(err) // the options exclude each other
	}
	return encoder
}}}

// Encode compresses a page into the memory of dst.
func (c *imagePages) Encode(dst, src []byte) ([]byte, error) {
	encoder := c.encoders.Get().(*zstd.Encoder)
	defer c.encoders.Put(encoder)
	return encoder.EncodeAll(src, dst[:0]), nil
}
