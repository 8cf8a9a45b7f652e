package table

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// unpacks reports whether a column chunk's pages are unpacked here before the
// library sees them. Its LZ4 (0.32.0) loses pages that LZ4 makes little smaller, and
// asks for ever more memory for a damaged one; the old LZ4 it does not know.
func unpacks(codec format.CompressionCodec) bool {
	return codec == format.Lz4 || codec == format.Lz4Raw
}

// checkCodec refuses what nobody here can unpack, by its name.
func checkCodec(codec format.CompressionCodec) error {
	switch codec {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4, format.Lz4Raw:
		return nil
	}
	return fmt.Errorf("is compressed by the codec %s, which is not supported: write the table with zstd or snappy", codec)
}

// largestRatio is more than LZ4 can make anything smaller; what claims more is
// damaged.
const largestRatio = 256

// unpack unpacks a page of a known size.
func unpack(codec format.CompressionCodec, packed []byte, size int) ([]byte, error) {
	switch codec {
	case format.Uncompressed:
		return packed, nil
	case format.Lz4:
		return unpackHadoop(packed, size)
	case format.Lz4Raw:
		return unpackBlock(packed, size)
	}
	return nil, checkCodec(codec)
}

// unpackBlock unpacks one block of LZ4.
func unpackBlock(packed []byte, size int) ([]byte, error) {
	if size > largestRatio*(len(packed)+1) {
		return nil, fmt.Errorf("a page of %d bytes claims to hold %d", len(packed), size)
	}
	if size == 0 {
		return nil, nil
	}
	out := make([]byte, size)
	n, err := lz4.UncompressBlock(packed, out)
	if err == nil && n != size {
		err = fmt.Errorf("a page has %d bytes of %d", n, size)
	}
	return out, err
}

// unpackHadoop unpacks what the codec LZ4 stood for before LZ4_RAW: as Hadoop frames
// it, which is any number of blocks with their sizes before them, unpacked and
// packed; or without, as parquet-cpp wrote it at first.
func unpackHadoop(packed []byte, size int) ([]byte, error) {
	out, rest := make([]byte, 0, min(size, largestRatio*(len(packed)+1))), packed
	for len(rest) > 0 && len(out) < size {
		if len(rest) < 8 {
			return unpackBlock(packed, size)
		}
		holds, takes := int64(binary.BigEndian.Uint32(rest)), int64(binary.BigEndian.Uint32(rest[4:]))
		if holds > int64(size-len(out)) || takes > int64(len(rest)-8) {
			return unpackBlock(packed, size)
		}
		block, err := unpackBlock(rest[8:8+takes], int(holds))
		if err != nil {
			return unpackBlock(packed, size)
		}
		out, rest = append(out, block...), rest[8+takes:]
	}
	if len(out) != size {
		return nil, errors.New("a page of LZ4 is incomplete")
	}
	return out, nil
}
