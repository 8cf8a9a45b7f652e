package sdk

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

func TestPNGRoundTrip(t *testing.T) {
	want := Image{Width: 3, Height: 2, RGB: []byte{0, 1, 2, 253, 254, 255, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}}
	data, err := EncodePNG(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodePNG(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Width != want.Width || got.Height != want.Height || !bytes.Equal(got.RGB, want.RGB) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := EncodePNG(Image{Width: 2, Height: 2, RGB: make([]byte, 3)}); err == nil {
		t.Error("an image with too few bytes was encoded")
	}
}

func TestDecodePNGOfOtherColourModels(t *testing.T) {
	encode := func(img image.Image) []byte {
		var out bytes.Buffer
		if err := png.Encode(&out, img); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	gray := image.NewGray(image.Rect(0, 0, 2, 1))
	gray.Pix = []byte{5, 250}
	palette := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.RGBA{1, 2, 3, 255}, color.RGBA{4, 5, 6, 255}})
	palette.Pix = []byte{1, 0}
	for name, test := range map[string]struct {
		png  []byte
		want []byte
	}{
		"gray":    {encode(gray), []byte{5, 5, 5, 250, 250, 250}},
		"palette": {encode(palette), []byte{4, 5, 6, 1, 2, 3}},
	} {
		got, err := DecodePNG(test.png)
		if err != nil || !bytes.Equal(got.RGB, test.want) {
			t.Errorf("%s: got %v, %v; want %v", name, got.RGB, err, test.want)
		}
	}

	transparent := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	transparent.Pix = []byte{1, 2, 3, 128}
	deep := image.NewGray16(image.Rect(0, 0, 1, 1))
	for words, data := range map[string][]byte{
		"transparent":  encode(transparent),
		"16 bits":      encode(deep),
		"read PNG":     []byte("not an image"),
		"decode PNG: ": encode(gray)[:40],
	} {
		if _, err := DecodePNG(data); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("error is %v, want one with %q", err, words)
		}
	}
}

func FuzzDecodePNG(f *testing.F) {
	data, err := EncodePNG(Image{Width: 2, Height: 1, RGB: make([]byte, 6)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := DecodePNG(data)
		if err == nil && img.check() != nil {
			t.Errorf("decoded a broken image: %v", img.check())
		}
	})
}
