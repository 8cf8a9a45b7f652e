package dataset

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestPNGIsLossless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 40).Draw(t, "width")
		height := rapid.IntRange(1, 40).Draw(t, "height")
		rgb := rapid.SliceOfN(rapid.Byte(), 3*width*height, 3*width*height).Draw(t, "rgb")
		b, err := EncodePNG(width, height, rgb)
		if err != nil {
			t.Fatal(err)
		}
		w, h, got, err := DecodePNG(b)
		if err != nil || w != width || h != height || !bytes.Equal(got, rgb) {
			t.Fatalf("%d by %d came back as %d by %d, %v", width, height, w, h, err)
		}
		again, err := EncodePNG(width, height, rgb)
		if err != nil || !bytes.Equal(b, again) {
			t.Fatal("the same pixels gave other bytes")
		}
	})
}

func TestPNGRefusesWrongSizes(t *testing.T) {
	for _, c := range []struct{ width, height, bytes int }{{0, 1, 0}, {1, 0, 0}, {-1, -1, 3}, {2, 2, 11}, {2, 2, 13}} {
		if _, err := EncodePNG(c.width, c.height, make([]byte, c.bytes)); err == nil {
			t.Errorf("%d bytes passed as %d by %d", c.bytes, c.width, c.height)
		}
	}
}

// As PIL's convert("RGB"): colours as they are, alpha dropped.
func TestDecodePNGOfOtherKinds(t *testing.T) {
	rect := image.Rect(0, 0, 1, 1)
	grey := image.NewGray(rect)
	grey.Set(0, 0, color.Gray{77})
	palette := image.NewPaletted(rect, color.Palette{color.NRGBA{1, 2, 3, 255}})
	alpha := image.NewNRGBA(rect)
	alpha.Set(0, 0, color.NRGBA{200, 100, 50, 10})
	deep := image.NewRGBA64(rect)
	deep.Set(0, 0, color.RGBA64{0x1234, 0x5678, 0x9abc, 0xffff})
	for name, c := range map[string]struct {
		picture image.Image
		want    []byte
	}{
		"grey":    {grey, []byte{77, 77, 77}},
		"palette": {palette, []byte{1, 2, 3}},
		"alpha":   {alpha, []byte{200, 100, 50}},
		"16 bits": {deep, []byte{0x12, 0x56, 0x9a}},
	} {
		var b bytes.Buffer
		if err := png.Encode(&b, c.picture); err != nil {
			t.Fatal(err)
		}
		if _, _, got, err := DecodePNG(b.Bytes()); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestDecodePNGRefusesGiants(t *testing.T) {
	b, err := EncodePNG(1, 1, []byte{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	// The header says a million by a million; its checksum is made to match.
	giant := append([]byte(nil), b[:33]...)
	copy(giant[16:24], []byte{0, 15, 66, 64, 0, 15, 66, 64})
	binary.BigEndian.PutUint32(giant[29:33], crc32.ChecksumIEEE(giant[12:29]))
	if _, _, _, err := DecodePNG(append(giant, b[33:]...)); err == nil {
		t.Error("a giant was decoded")
	}
	for n := range b[:len(b)-1] {
		if _, _, _, err := DecodePNG(b[:n]); err == nil && n < len(b)-12 { // the last 12 bytes only say that it ends
			t.Errorf("a PNG cut to %d of %d bytes was decoded", n, len(b))
		}
	}
}

func BenchmarkEncodePNG(b *testing.B) {
	const side = 32
	rgb := make([]byte, 3*side*side)
	rand.NewChaCha8([32]byte{}).Read(rgb)
	for b.Loop() {
		if _, err := EncodePNG(side, side, rgb); err != nil {
			b.Fatal(err)
		}
	}
}
