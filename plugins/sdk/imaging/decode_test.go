package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
)

func encoded(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// keyed gives a PNG a chunk tRNS, a colour that is transparent, behind its header.
func keyed(plain []byte, key ...byte) []byte {
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(key)))
	body := append([]byte("tRNS"), key...)
	chunk = binary.BigEndian.AppendUint32(append(chunk, body...), crc32.ChecksumIEEE(body))
	const header = 8 + 12 + 13
	return append(append(bytes.Clone(plain[:header]), chunk...), plain[header:]...)
}

// TestLaw: what becomes of each kind of PNG, by its origin, and whether a table
// may hold the file as it is. A refusal is in words.
func TestLaw(t *testing.T) {
	rect := image.Rect(0, 0, 1, 1)
	gray := image.NewGray(rect)
	gray.Set(0, 0, color.Gray{77})
	rgb := image.NewRGBA(rect)
	rgb.Set(0, 0, color.RGBA{1, 2, 3, 255})
	palette := image.NewPaletted(rect, color.Palette{color.NRGBA{1, 2, 3, 255}})
	clear := image.NewPaletted(rect, color.Palette{color.NRGBA{1, 2, 3, 9}})
	alpha := image.NewNRGBA(rect)
	alpha.Set(0, 0, color.NRGBA{200, 100, 50, 10})
	deep := image.NewRGBA64(rect)
	deep.Set(0, 0, color.RGBA64{0x12ff, 0x56ff, 0x9aff, 0xffff})
	deepGray := image.NewGray16(rect)
	deepGray.Set(0, 0, color.Gray16{0x12ff})
	deepAlpha := image.NewNRGBA64(rect)
	deepAlpha.Set(0, 0, color.NRGBA64{0x12ff, 0x56ff, 0x9aff, 0x1000})
	deepClear, clearRGB := image.NewNRGBA64(rect), image.NewNRGBA(rect)
	deepClear.Set(0, 0, color.NRGBA64{0x12ff, 0x56ff, 0x9aff, 0})
	clearRGB.Set(0, 0, color.NRGBA{200, 100, 50, 0})
	// An alpha channel of opaque pixels: the colour type of a PNG with alpha is
	// written only if a pixel needs it.
	two := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	two.Set(0, 0, color.NRGBA{1, 2, 3, 255})
	two.Set(1, 0, color.NRGBA{4, 5, 6, 254})
	withAlpha := encoded(t, two)
	for name, test := range map[string]struct {
		content []byte
		foreign []byte
		refused string // of an exchanged one; empty: as the foreign one
	}{
		"grey":            {encoded(t, gray), []byte{77, 77, 77}, ""},
		"rgb":             {encoded(t, rgb), []byte{1, 2, 3}, ""},
		"palette":         {encoded(t, palette), []byte{1, 2, 3}, ""},
		"clear palette":   {encoded(t, clear), []byte{1, 2, 3}, "transparent at (0, 0)"},
		"alpha":           {encoded(t, alpha), []byte{200, 100, 50}, "transparent at (0, 0)"},
		"alpha, second":   {withAlpha, []byte{1, 2, 3, 4, 5, 6}, "transparent at (1, 0)"},
		"16 bits":         {encoded(t, deep), []byte{0x12, 0x56, 0x9a}, "16 bits"},
		"16 bits of grey": {encoded(t, deepGray), []byte{0x12, 0x12, 0x12}, "16 bits"},
		"16 bits, alpha":  {encoded(t, deepAlpha), []byte{0x12, 0x56, 0x9a}, "16 bits"},
		"16 bits, clear":  {encoded(t, deepClear), []byte{0x12, 0x56, 0x9a}, "16 bits"},
		"16 bits, key":    {keyed(encoded(t, deep), 0x12, 0xff, 0x56, 0xff, 0x9a, 0xff), []byte{0x12, 0x56, 0x9a}, "16 bits"},
		"16 bit grey key": {keyed(encoded(t, deepGray), 0x12, 0xff), []byte{0x12, 0x12, 0x12}, "16 bits"},
		"clear":           {encoded(t, clearRGB), []byte{200, 100, 50}, "transparent at (0, 0)"},
		"key":             {keyed(encoded(t, rgb), 0, 1, 0, 2, 0, 3), []byte{1, 2, 3}, "transparent at (0, 0)"},
		"other key":       {keyed(encoded(t, rgb), 0, 1, 0, 2, 0, 4), []byte{1, 2, 3}, ""},
		"key of grey":     {keyed(encoded(t, gray), 0, 77), []byte{77, 77, 77}, "transparent at (0, 0)"},
	} {
		got, err := Decode(test.content, Foreign)
		if err != nil || got.Check() != nil || !bytes.Equal(got.RGB, test.foreign) {
			t.Errorf("%s, foreign: %v, %v; want %v", name, got.RGB, err, test.foreign)
		}
		got, err = Decode(test.content, Exchanged)
		switch {
		case test.refused == "" && (err != nil || !bytes.Equal(got.RGB, test.foreign)):
			t.Errorf("%s, exchanged: %v, %v; want %v", name, got.RGB, err, test.foreign)
		case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
			t.Errorf("%s, exchanged: error is %v, want one with %q", name, err, test.refused)
		}
	}
}

// TestFormats: other formats are read of foreign files alone.
func TestFormats(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	gray := image.NewGray(picture.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = 255
	}
	var inBMP, inJPEG, inGrayJPEG bytes.Buffer
	if err := errors.Join(bmp.Encode(&inBMP, picture), jpeg.Encode(&inJPEG, picture, nil), jpeg.Encode(&inGrayJPEG, gray, nil)); err != nil {
		t.Fatal(err)
	}
	inWebP, err := os.ReadFile("testdata/photograph.webp")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"BMP": inBMP.Bytes(), "JPEG": inJPEG.Bytes(), "grey JPEG": inGrayJPEG.Bytes(), "WebP": inWebP} {
		got, err := Decode(content, Foreign)
		if err != nil || got.Check() != nil {
			t.Errorf("%s: %v, %v", name, got.Check(), err)
		}
		if width, height, err := Size(content, Foreign); err != nil || width != got.Width || height != got.Height {
			t.Errorf("%s: the header says %d by %d, %v; it is %d by %d", name, width, height, err, got.Width, got.Height)
		}
		if name != "WebP" && (got.Width != 3 || got.RGB[0] != 255) {
			t.Errorf("%s: %v", name, got)
		}
		if _, err := Decode(content, Exchanged); err == nil || !strings.Contains(err.Error(), "not a PNG") {
			t.Errorf("%s passed as exchanged: %v", name, err)
		}
	}
	if _, err := Decode([]byte("not an image"), Foreign); err == nil || !strings.Contains(err.Error(), "none of the kinds that are read") {
		t.Errorf("nonsense: %v", err)
	}
}

// TestGiants: a header that claims more than MaxPixels costs no memory, and a
// file that is cut short is an error.
func TestGiants(t *testing.T) {
	content, err := EncodePNG(Image{1, 1, []byte{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		width, height uint32
		refused       bool
	}{{1 << 13, 1 << 13, false}, {1<<13 + 1, 1 << 13, true}, {1_000_000, 1_000_000, true}} {
		giant := bytes.Clone(content)
		binary.BigEndian.PutUint32(giant[16:], test.width)
		binary.BigEndian.PutUint32(giant[20:], test.height)
		binary.BigEndian.PutUint32(giant[29:], crc32.ChecksumIEEE(giant[12:29]))
		_, _, err := Size(giant, Foreign)
		if large := (*SizeError)(nil); errors.As(err, &large) != test.refused {
			t.Errorf("%d by %d: %v", test.width, test.height, err)
		}
		if test.refused {
			if _, err := Decode(giant, Exchanged); err == nil {
				t.Errorf("%d by %d is decoded", test.width, test.height)
			}
		}
	}
	for n := range len(content) - 12 { // the last 12 bytes only say that it ends
		if _, err := Decode(content[:n], Exchanged); err == nil {
			t.Errorf("a PNG cut to %d of %d bytes was decoded", n, len(content))
		}
	}
}

func FuzzDecode(f *testing.F) {
	content, err := EncodePNG(Image{2, 1, make([]byte, 6)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add(keyed(content, 0, 0, 0, 0, 0, 0))
	for _, name := range []string{"photograph.jpg", "photograph.webp", "upright.jpg", "cases/bmp-run-lengths.bmp", "turned/profile.png", "turned/xmp.png", "turned/xmp.webp", "turned/lossless-big.webp", "turned/fill.jpg"} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if width, height, err := Size(content, Foreign); err != nil || width*height > 1<<20 {
			return
		}
		foreign, err := Decode(content, Foreign)
		if err == nil && foreign.Check() != nil {
			t.Errorf("decoded a broken image: %v", foreign.Check())
		}
		exchanged, strict := Decode(content, Exchanged)
		if strict == nil && (err != nil || !bytes.Equal(exchanged.RGB, foreign.RGB)) {
			t.Errorf("an exchanged image is another as a foreign one: %v", err)
		}
	})
}
