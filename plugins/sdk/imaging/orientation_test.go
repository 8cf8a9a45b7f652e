package imaging

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTurned: pictures of every kind of file, whose files say in every way how they
// are held, are what Pillow makes of them (testdata/golden.py). Those of JPEG are
// within two levels.
func TestTurned(t *testing.T) {
	files, _ := filepath.Glob("testdata/turned/*.*g") // .png, .jpg, .png of others
	others, _ := filepath.Glob("testdata/turned/*.webp")
	cases, _ := filepath.Glob("testdata/cases/*")
	tried := 0
	for _, path := range append(append(files, others...), cases...) {
		want, err := os.ReadFile(path + ".expected.png")
		if err != nil {
			want, err = os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + ".expected.png")
		}
		if err != nil || strings.HasSuffix(path, ".expected.png") {
			continue
		}
		tried++
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := Decode(want, Exchanged)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(content, Foreign)
		if err != nil || got.Width != expected.Width || got.Height != expected.Height {
			t.Errorf("%s: %d by %d, %v; want %d by %d", path, got.Width, got.Height, err, expected.Width, expected.Height)
			continue
		}
		within := 0
		if strings.HasSuffix(path, ".jpg") {
			within = 2
		}
		for i, v := range got.RGB {
			if d := int(v) - int(expected.RGB[i]); d > within || d < -within {
				t.Errorf("%s: value %d is %d, want %d", path, i, v, expected.RGB[i])
				break
			}
		}
	}
	if tried != 23 {
		t.Errorf("%d files were tried", tried)
	}
}

// TestOrientation: the corners of a picture of every orientation, clockwise from
// the upper left by rows, are where Pillow's exif_transpose puts them. Pillow
// wrote the file.
func TestOrientation(t *testing.T) {
	content, err := os.ReadFile("testdata/upright.jpg")
	if err != nil {
		t.Fatal(err)
	}
	tag := []byte{0x01, 0x12, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 1}
	if bytes.Count(content, tag) != 1 {
		t.Fatal("the file's tag is not where it was")
	}
	for o, want := range []string{1: "RGBY", 2: "GRYB", 3: "YBGR", 4: "BYRG", 5: "RBGY", 6: "BRYG", 7: "YGBR", 8: "GYRB", 9: "RGBY"} {
		if want == "" {
			continue
		}
		turned := bytes.Clone(tag)
		turned[9] = byte(o)
		picture, err := Decode(bytes.Replace(content, tag, turned, 1), Foreign)
		if err != nil {
			t.Fatal(err)
		}
		width, height, rgb := picture.Width, picture.Height, picture.RGB
		if wide := o < 5 || o > 8; wide != (width == 24 && height == 16) || !wide != (width == 16 && height == 24) {
			t.Errorf("orientation %d: %d by %d", o, width, height)
		}
		colors := ""
		for _, at := range [][2]int{{1, 1}, {width - 2, 1}, {1, height - 2}, {width - 2, height - 2}} {
			p := rgb[3*(at[1]*width+at[0]):]
			switch {
			case p[0] > 150 && p[1] > 150:
				colors += "Y"
			case p[0] > 150:
				colors += "R"
			case p[1] > 150:
				colors += "G"
			case p[2] > 150:
				colors += "B"
			}
		}
		if colors != want {
			t.Errorf("orientation %d: corners %s, want %s", o, colors, want)
		}
	}
	for name, damaged := range map[string][]byte{
		"nothing": nil, "no JPEG": []byte("GIF89a"), "cut": content[:30], "no length": {0xff, 0xd8, 0xff, 0xe1, 0, 0},
		"a directory beyond the end": bytes.Replace(content, []byte("MM\x00*\x00\x00\x00\x08"), []byte("MM\x00*\xff\xff\xff\xff"), 1),
		"many entries":               bytes.Replace(content, []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01"), []byte("MM\x00*\x00\x00\x00\x08\xff\xff\x00"), 1),
		"another order of bytes":     bytes.Replace(content, []byte("MM\x00*"), []byte("XX\x00*"), 1),
	} {
		if got := ofJPEG(damaged).orientation(); got != 1 {
			t.Errorf("%s: orientation %d", name, got)
		}
	}
}
