package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"testing"
)

// pngOf writes a PNG of one row by hand: of 8 or 16 bits, one of PNG's types of
// colour, and the colour that is transparent, if there is one.
func pngOf(bits, kind byte, width int, row, clear []byte) []byte {
	out := []byte(pngMagic)
	chunk := func(name string, data []byte) {
		body := append([]byte(name), data...)
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		out = binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
	}
	chunk("IHDR", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), 1), bits, kind, 0, 0, 0))
	if clear != nil {
		chunk("tRNS", clear)
	}
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	z.Write(append([]byte{0}, row...))
	z.Close()
	chunk("IDAT", pixels.Bytes())
	chunk("IEND", nil)
	return out
}

// TestTransparencyIsDropped: a colour is what the file says it is, at any alpha;
// of 16 bits the upper 8 are kept.
func TestTransparencyIsDropped(t *testing.T) {
	const grey, rgb, greyAlpha, rgba = 0, 2, 4, 6
	for name, test := range map[string]struct {
		content, want []byte
	}{
		"RGBA, 8":      {pngOf(8, rgba, 2, []byte{10, 20, 30, 0, 40, 50, 60, 1}, nil), []byte{10, 20, 30, 40, 50, 60}},
		"RGBA, 16":     {pngOf(16, rgba, 2, []byte{10, 255, 20, 255, 30, 255, 0, 0, 40, 1, 50, 1, 60, 1, 0, 9}, nil), []byte{10, 20, 30, 40, 50, 60}},
		"grey, A, 8":   {pngOf(8, greyAlpha, 2, []byte{10, 0, 20, 1}, nil), []byte{10, 10, 10, 20, 20, 20}},
		"grey, A, 16":  {pngOf(16, greyAlpha, 2, []byte{10, 255, 0, 0, 20, 255, 0, 7}, nil), []byte{10, 10, 10, 20, 20, 20}},
		"RGB, key, 8":  {pngOf(8, rgb, 2, []byte{10, 20, 30, 40, 50, 60}, []byte{0, 10, 0, 20, 0, 30}), []byte{10, 20, 30, 40, 50, 60}},
		"RGB, key, 16": {pngOf(16, rgb, 1, []byte{10, 7, 20, 7, 30, 7}, []byte{10, 7, 20, 7, 30, 7}), []byte{10, 20, 30}},
		"grey, key, 8": {pngOf(8, grey, 2, []byte{10, 20}, []byte{0, 10}), []byte{10, 10, 10, 20, 20, 20}},
		"grey, key,16": {pngOf(16, grey, 2, []byte{10, 7, 20, 7}, []byte{10, 7}), []byte{10, 10, 10, 20, 20, 20}},
		"grey, key, 1": {pngOf(1, grey, 2, []byte{0x40}, []byte{0, 1}), []byte{0, 0, 0, 255, 255, 255}},
	} {
		got, err := Decode(test.content, Foreign)
		if err != nil || !bytes.Equal(got.RGB, test.want) {
			t.Errorf("%s: %v, %v; want %v", name, got.RGB, err, test.want)
		}
	}
}
