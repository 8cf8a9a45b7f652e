package imaging

import (
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
)

// A stored PNG is one whose pixels are not deflated, only filtered: each row is the
// difference from the row above (PNG's filter Up), in stored blocks of deflate. Any
// reader of PNG opens it. It is as large as the pixels, and meant to lie in a table
// whose pages are compressed by zstd: there it takes about as much room as a deflated
// one, and is written and read several times faster.
const (
	filterNone = 0 // the row as it is
	filterUp   = 2 // the difference from the row above

	mostStored = 1<<16 - 1 // bytes of a stored block (RFC 1951, 3.2.4)
	zlibHeader = "\x78\x01"
)

// EncodeStored writes an image as a stored PNG; the same pixels give the same bytes.
func EncodeStored(from Image) ([]byte, error) {
	if err := from.Check(); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	stride := 3 * from.Width
	size := from.Height * (1 + stride)
	blocks := (size + mostStored - 1) / mostStored
	length := len(zlibHeader) + 5*blocks + size + adler32.Size
	out := make([]byte, 0, len(pngMagic)+25+12+length+12)
	out = append(out, pngMagic...)
	header := binary.BigEndian.AppendUint32(nil, uint32(from.Width))
	header = binary.BigEndian.AppendUint32(header, uint32(from.Height))
	header = append(header, 8, 2, 0, 0, 0) // bits a channel, RGB, deflate, filters by row, not interlaced
	out = appendChunk(out, "IHDR", header)

	out = binary.BigEndian.AppendUint32(out, uint32(length))
	begin := len(out)
	out = append(out, "IDAT"...)
	out = append(out, zlibHeader...)
	filtered := make([]byte, size)
	up(filtered, from.RGB, stride)
	for rest := filtered; len(rest) > 0; {
		n := min(len(rest), mostStored)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		out = append(out, last, byte(n), byte(n>>8), ^byte(n), ^byte(n>>8))
		out = append(out, rest[:n]...)
		rest = rest[n:]
	}
	out = binary.BigEndian.AppendUint32(out, adler32.Checksum(filtered))
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[begin:]))
	return appendChunk(out, "IEND", nil), nil
}

func appendChunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	begin := len(out)
	out = append(out, kind...)
	out = append(out, data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[begin:]))
}

// up filters rows of stride bytes: to is filter and difference from the row above,
// row by row.
func up(to, rows []byte, stride int) {
	var above []byte
	for len(rows) > 0 {
		row := rows[:stride]
		if above == nil {
			to[0] = filterNone
			copy(to[1:], row)
		} else {
			to[0] = filterUp
			subtract(to[1:1+stride], row, above)
		}
		above, rows, to = row, rows[stride:], to[1+stride:]
	}
}

// The bytes of a word, each added or subtracted by itself: the highest bits are left
// out, so that nothing is carried from one byte into the next, and put in afterwards.
const highest = 0x8080808080808080

// subtract sets to[i] to a[i] - b[i]. All are of one length.
func subtract(to, a, b []byte) {
	for len(to) >= 32 && len(a) >= 32 && len(b) >= 32 {
		for i := 0; i < 32; i += 8 {
			x, y := binary.LittleEndian.Uint64(a[i:i+8]), binary.LittleEndian.Uint64(b[i:i+8])
			binary.LittleEndian.PutUint64(to[i:i+8], ((x|highest)-(y&^highest))^((x^^y)&highest))
		}
		to, a, b = to[32:], a[32:], b[32:]
	}
	for i := range to {
		to[i] = a[i] - b[i]
	}
}

// add sets to[i] to a[i] + b[i]. All are of one length.
func add(to, a, b []byte) {
	for len(to) >= 32 && len(a) >= 32 && len(b) >= 32 {
		to8, a8, b8 := to[:32], a[:32], b[:32]
		sum(to8[0:8], a8[0:8], b8[0:8])
		sum(to8[8:16], a8[8:16], b8[8:16])
		sum(to8[16:24], a8[16:24], b8[16:24])
		sum(to8[24:32], a8[24:32], b8[24:32])
		to, a, b = to[32:], a[32:], b[32:]
	}
	for i := range to {
		to[i] = a[i] + b[i]
	}
}

func sum(to, a, b []byte) {
	x, y := binary.LittleEndian.Uint64(a), binary.LittleEndian.Uint64(b)
	binary.LittleEndian.PutUint64(to, ((x&^highest)+(y&^highest))^((x^y)&highest))
}

// decodeStored reads what EncodeStored wrote. ok is false for every other file, and
// for one that is damaged: the decoder of all PNGs says what is wrong with that.
func decodeStored(content []byte, room func(bytes int) []byte) (out Image, ok bool) {
	const before = len(pngMagic) + 25 // IHDR with its frame
	if len(content) < before+8 || string(content[:len(pngMagic)]) != pngMagic || string(content[8:16]) != "\x00\x00\x00\x0dIHDR" ||
		string(content[24:29]) != "\x08\x02\x00\x00\x00" {
		return Image{}, false
	}
	out.Width, out.Height = int(binary.BigEndian.Uint32(content[16:])), int(binary.BigEndian.Uint32(content[20:]))
	if out.Width <= 0 || out.Height <= 0 || out.Width > MaxPixels/out.Height {
		return Image{}, false
	}
	stride := 3 * out.Width
	size := out.Height * (1 + stride)
	blocks := (size + mostStored - 1) / mostStored
	length := len(zlibHeader) + 5*blocks + size + adler32.Size
	rest := content[before:]
	if len(rest) != 8+length+4+12 || int(binary.BigEndian.Uint32(rest)) != length || string(rest[4:10]) != "IDAT"+zlibHeader ||
		string(rest[8+length+4:]) != "\x00\x00\x00\x00IEND\xae\x42\x60\x82" ||
		crc32.ChecksumIEEE(content[12:before-4]) != binary.BigEndian.Uint32(content[before-4:]) ||
		crc32.ChecksumIEEE(rest[4:8+length]) != binary.BigEndian.Uint32(rest[8+length:]) {
		return Image{}, false
	}
	stored := rest[10 : 8+length-adler32.Size]
	out.RGB = room(out.Height * stride)
	read, row := stored[:0], make([]byte, 1+stride) // what is left of a block; a row
	var above []byte
	for y := range out.Height {
		from := row
		if len(read) >= len(row) {
			from, read = read[:len(row)], read[len(row):]
		} else {
			for filled := 0; filled < len(row); {
				if len(read) == 0 {
					if len(stored) < 5 {
						return Image{}, false
					}
					n := int(binary.LittleEndian.Uint16(stored[1:]))
					if stored[0] > 1 || ^uint16(n) != binary.LittleEndian.Uint16(stored[3:]) || n == 0 || n > len(stored)-5 {
						return Image{}, false
					}
					read, stored = stored[5:5+n], stored[5+n:]
				}
				n := copy(row[filled:], read)
				read, filled = read[n:], filled+n
			}
		}
		to := out.RGB[y*stride : (y+1)*stride]
		switch {
		case from[0] == filterNone:
			copy(to, from[1:])
		case from[0] == filterUp && y > 0:
			add(to, from[1:], above)
		default:
			return Image{}, false
		}
		above = to
	}
	return out, true
}
