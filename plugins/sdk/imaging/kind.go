package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"strings"

	"golang.org/x/image/bmp"

	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
)

// KindError refuses a file for what it is, however intact: a file of a kind that
// is not read, or a form of one of those that are.
type KindError struct {
	Kind string // such as "a TIFF image"; "": none that is known
	Form string // such as "with run lengths (RLE8)"; "": of a kind that is not read
}

// read names the kinds that are read.
const read = "PNG, JPEG, WebP and BMP"

// Error completes "the image".
func (e *KindError) Error() string {
	switch {
	case e.Kind == "":
		return "it is none of the kinds that are read, " + read
	case e.Form != "":
		return fmt.Sprintf("it is %s %s, a form that is not read", e.Kind, e.Form)
	}
	return fmt.Sprintf("it is %s, which is not among the kinds that are read, %s", e.Kind, read)
}

// strangers are kinds of files that people take for images that can be read, by
// how they begin; "?" is any byte.
var strangers = []struct{ magic, kind string }{
	{"GIF8", "a GIF image"},
	{"II*\x00", "a TIFF image"}, {"MM\x00*", "a TIFF image"}, {"II+\x00", "a BigTIFF image"}, {"MM\x00+", "a BigTIFF image"},
	{"????ftypavi", "an AVIF image"},
	{"????ftyphei", "a HEIC image"}, {"????ftyphev", "a HEIC image"}, {"????ftypmif1", "a HEIF image"}, {"????ftypmsf1", "a HEIF image"},
	{"\xff\x0a", "a JPEG XL image"}, {"\x00\x00\x00\x0cJXL ", "a JPEG XL image"},
	{"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"}, {"\xff\x4f\xff\x51", "a JPEG 2000 image"},
	{"\x00\x00\x01\x00", "an icon (ICO)"}, {"8BPS", "a Photoshop file"}, {"gimp xcf", "a GIMP file"},
	{"%PDF", "a PDF"}, {"\x76\x2f\x31\x01", "an OpenEXR image"}, {"#?RADIANCE", "a Radiance HDR image"}, {"DDS ", "a DDS texture"},
	{"qoif", "a QOI image"}, {"P1", "a PNM image"}, {"P2", "a PNM image"}, {"P3", "a PNM image"}, {"P4", "a PNM image"}, {"P5", "a PNM image"}, {"P6", "a PNM image"}, {"P7", "a PAM image"},
	{"RIFF????AVI ", "a video (AVI)"}, {"????ftyp", "a video (MP4)"}, {"\x1aE\xdf\xa3", "a video (Matroska)"},
	{"\x93NUMPY", "an array of numpy"}, {"PK\x03\x04", "a ZIP archive"}, {"\x1f\x8b", "a file compressed by gzip"}, {"PAR1", "a Parquet table"},
}

// stranger names what a file is that none of the formats is.
func stranger(content []byte) error {
	if gitlfs.IsPointer(content) {
		return gitlfs.Error{}
	}
	for _, s := range strangers {
		if matches(content, s.magic) {
			return &KindError{Kind: s.kind}
		}
	}
	text := strings.ToLower(string(bytes.TrimSpace(content[:min(len(content), 512)])))
	for _, markup := range []struct{ begins, kind string }{{"<!doctype html", "a page of HTML"}, {"<html", "a page of HTML"}, {"<svg", "an SVG drawing"}} {
		if strings.HasPrefix(text, markup.begins) || strings.HasPrefix(text, "<?xml") && strings.Contains(text, markup.begins) {
			return &KindError{Kind: markup.kind}
		}
	}
	return &KindError{}
}

// unread makes what a decoder says of a form that it does not know a KindError.
func (f format) unread(content []byte, err error) error {
	var ofJPEG jpeg.UnsupportedError
	var ofPNG png.UnsupportedError
	switch {
	case f.name == "JPEG" && jpegForm(content) != "":
		return &KindError{"a JPEG", jpegForm(content)}
	case errors.As(err, &ofJPEG):
		return &KindError{"a JPEG", "(" + string(ofJPEG) + ")"}
	case errors.As(err, &ofPNG):
		return &KindError{"a PNG", "(" + string(ofPNG) + ")"}
	case errors.Is(err, bmp.ErrUnsupported):
		return &KindError{"a BMP", bmpForm(content)}
	}
	return err
}

// bmpForm is what sets a BMP apart that is not read.
func bmpForm(content []byte) string {
	if len(content) < 34 {
		return "of an old or unusual form"
	}
	header, bits, compression := binary.LittleEndian.Uint32(content[14:]), binary.LittleEndian.Uint16(content[28:]), binary.LittleEndian.Uint32(content[30:])
	switch {
	case header < 40:
		return "of OS/2"
	case compression == 1:
		return "with run lengths (RLE8)"
	case compression == 2:
		return "with run lengths (RLE4)"
	case compression == 3 || compression == 6:
		return fmt.Sprintf("with masks of bits (BITFIELDS, %d bits)", bits)
	case compression == 4:
		return "that holds a JPEG"
	case compression == 5:
		return "that holds a PNG"
	}
	return fmt.Sprintf("of an unusual form (%d bits, compression %d, header of %d bytes)", bits, compression, header)
}

// jpegForm names the process of a JPEG file if it is one that is not read; "" of
// the usual ones. It is in the marker of the frame (ISO 10918-1, table B.1).
func jpegForm(content []byte) string {
	for i := 2; i+1 < len(content); {
		if content[i] != 0xff {
			return ""
		}
		marker := content[i+1]
		switch {
		case marker == 0xff:
			i++
			continue
		case marker == 0xc3 || marker == 0xf7:
			return "without loss"
		case marker >= 0xc5 && marker <= 0xc7:
			return "of the hierarchical process"
		case marker >= 0xc9 && marker <= 0xcf && marker != 0xcc:
			return "with arithmetic coding"
		case marker == 0xda, marker >= 0xc0 && marker <= 0xc2:
			return ""
		}
		if i+4 > len(content) {
			return ""
		}
		i += 2 + int(binary.BigEndian.Uint16(content[i+2:]))
	}
	return ""
}

// animated reports whether a WebP file says so in its header.
func animated(content []byte) bool {
	const flags, animation = 20, 2
	return len(content) > flags && string(content[12:16]) == "VP8X" && content[flags]&animation != 0
}
