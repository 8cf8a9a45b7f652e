package imaging

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
)

// TestKinds: a file of another kind, and a form of a kind that is not read, are
// refused by name, by their beginning alone as well.
func TestKinds(t *testing.T) {
	file := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	baseline := file("upright.jpg")
	frame := func(marker byte) []byte { // the frame of another process
		return bytes.Replace(baseline, []byte{0xff, 0xc0, 0x00, 0x11}, []byte{0xff, marker, 0x00, 0x11}, 1)
	}
	deep := bytes.Replace(baseline, []byte{0xff, 0xc0, 0x00, 0x11, 8}, []byte{0xff, 0xc1, 0x00, 0x11, 12}, 1)
	masks := file("cases/bmp-run-lengths.bmp")
	bmpWith := func(compression, bits byte) []byte {
		content := bytes.Clone(masks)
		content[28], content[30] = bits, compression
		return content
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"TIFF":           {file("cases/orientation-tiff.tif"), "it is a TIFF image, which is not among the kinds that are read, PNG, JPEG, WebP and BMP"},
		"GIF":            {[]byte("GIF89a\x01\x00\x01\x00"), "a GIF image"},
		"AVIF":           {[]byte("\x00\x00\x00\x20ftypavif\x00\x00\x00\x00"), "an AVIF image"},
		"HEIC":           {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "a HEIC image"},
		"JPEG XL":        {[]byte("\xff\x0a\x00\x10"), "a JPEG XL image"},
		"SVG":            {[]byte("<?xml version=\"1.0\"?>\n<svg xmlns=\"\">"), "an SVG drawing"},
		"HTML":           {[]byte("<!DOCTYPE html><title>404</title>"), "a page of HTML"},
		"nothing known":  {[]byte("hello, world"), "it is none of the kinds"},
		"empty":          {nil, "it is none of the kinds"},
		"BMP, RLE8":      {masks, "it is a BMP with run lengths (RLE8), a form that is not read"},
		"BMP, RLE4":      {bmpWith(2, 4), "run lengths (RLE4)"},
		"BMP, masks":     {bmpWith(3, 16), "masks of bits (BITFIELDS, 16 bits)"},
		"BMP, 16 bits":   {bmpWith(0, 16), "an unusual form (16 bits"},
		"JPEG, lossless": {frame(0xc3), "a JPEG without loss"},
		"JPEG, coding":   {frame(0xc9), "arithmetic coding"},
		"JPEG, 12 bits":  {deep, "a JPEG (precision)"},
		"WebP, animated": {[]byte("RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x06\x00\x00\x04\x00\x00"), "a WebP with animation"},
	} {
		_, _, bySize := Size(test.content, Foreign)
		_, byDecode := Decode(test.content, Foreign)
		for _, err := range []error{bySize, byDecode, Inspect(bytes.NewReader(test.content))} {
			var kind *KindError
			if !errors.As(err, &kind) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v; want %q", name, err, test.want)
			}
		}
	}
	if _, err := Decode([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), Foreign); !errors.Is(err, gitlfs.Error{}) {
		t.Errorf("a pointer of Git LFS: %v", err)
	}
	if err := Inspect(bytes.NewReader(baseline)); err != nil {
		t.Errorf("a JPEG: %v", err)
	}
	if err := Inspect(bytes.NewReader(baseline[:40])); err == nil {
		t.Error("a JPEG that is cut in its header passes")
	}
	// A header that is longer than what is looked at first, behind fill bytes.
	long := append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff}, headerBytes)...)
	if err := Inspect(bytes.NewReader(append(long, baseline[2:]...))); err != nil {
		t.Errorf("a JPEG with a long header: %v", err)
	}
}
