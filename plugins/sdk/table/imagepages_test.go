package table

import (
	"bytes"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
)

// picturePage is a page of stored PNGs with slow gradients and some noise.
func picturePage(tb testing.TB) []byte {
	const side, images = 96, 8
	var page []byte
	noise := uint32(1)
	for n := range images {
		pixels := make([]byte, 3*side*side)
		for i := range pixels {
			y, x := i/(3*side), i%(3*side)/3
			noise = noise*1664525 + 1013904223
			pixels[i] = byte((y*(n+1)+x)/4 + int(noise>>29))
		}
		content, err := imaging.EncodeStored(imaging.Image{Width: side, Height: side, RGB: pixels})
		if err != nil {
			tb.Fatal(err)
		}
		page = append(page, content...)
	}
	return page
}

// TestImagePages: a page comes back from its own codec and from the library's, and is no
// larger than by the library's.
func TestImagePages(t *testing.T) {
	page := picturePage(t)
	packed, err := imageCodec.Encode(nil, page)
	if err != nil {
		t.Fatal(err)
	}
	usual, err := parquet.Zstd.Encode(nil, page)
	if err != nil {
		t.Fatal(err)
	}
	if len(packed) > len(usual) {
		t.Errorf("%d bytes, by the library's codec %d", len(packed), len(usual))
	}
	got, err := parquet.Zstd.Decode(nil, packed)
	if err != nil || !bytes.Equal(got, page) {
		t.Errorf("the page came back as %d bytes of %d: %v", len(got), len(page), err)
	}
}

func BenchmarkImagePages(b *testing.B) {
	page := picturePage(b)
	for _, c := range []struct {
		name   string
		encode func(dst, src []byte) ([]byte, error)
	}{{"images", imageCodec.Encode}, {"usual", parquet.Zstd.Encode}} {
		packed, err := c.encode(nil, page)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name+"/encode", func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				if packed, err = c.encode(packed, page); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(packed))/float64(len(page)), "packed/raw")
		})
		b.Run(c.name+"/decode", func(b *testing.B) {
			var got []byte
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				if got, err = imageCodec.Decode(got, packed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
