package imaging

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"io"
	"regexp"
	"strings"
)

// exifPrefix begins Exif data in JPEG, xmpPrefix XMP data.
const (
	exifPrefix = "Exif\x00\x00"
	xmpPrefix  = "http://ns.adobe.com/xap/1.0/\x00"
)

// about is what a file says about its picture beside the pixels: Exif data, and
// XMP data, each where it is first found.
type about struct{ exif, xmp []byte }

// inXMP is the orientation in XMP data, as an attribute or an element.
var inXMP = regexp.MustCompile(`tiff:Orientation(?:="|>)([1-8])`)

// orientation is 1 to 8, and 1, upright, where nothing is said or nothing that can
// be understood. Exif counts before XMP, as for Pillow.
func (a about) orientation() int {
	if o := orientationOf(a.exif); o != 0 {
		if o > 8 {
			return 1
		}
		return o
	}
	if found := inXMP.FindSubmatch(a.xmp); found != nil {
		return int(found[1][0] - '0')
	}
	return 1
}

// largestAbout bounds compressed text about a picture, in bytes.
const largestAbout = 1 << 20

// ofJPEG finds what a JPEG file says: segments of the kind APP1. Any number of fill
// bytes may stand before a marker (ISO 10918-1, B.1.1.2).
func ofJPEG(content []byte) (a about) {
	rest, ok := bytes.CutPrefix(content, []byte{0xff, 0xd8})
	for ok && len(rest) >= 2 && rest[0] == 0xff {
		for len(rest) >= 2 && rest[1] == 0xff {
			rest = rest[1:]
		}
		if len(rest) < 4 {
			return a
		}
		const app1, picture, temporary = 0xe1, 0xda, 0x01
		marker := rest[1]
		if marker >= 0xd0 && marker <= 0xd8 || marker == temporary { // they have no length
			rest = rest[2:]
			continue
		}
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if marker == picture || length < 2 || len(rest) < 2+length {
			return a
		}
		segment := rest[4 : 2+length]
		if exif := bytes.HasPrefix(segment, []byte(exifPrefix)); marker == app1 && exif && a.exif == nil {
			a.exif = segment
		} else if xmp, ok := bytes.CutPrefix(segment, []byte(xmpPrefix)); marker == app1 && ok && a.xmp == nil {
			a.xmp = xmp
		}
		rest = rest[2+length:]
	}
	return a
}

// ofWebP finds what a WebP file says: chunks, which its header announces.
func ofWebP(content []byte) (a about) {
	const header = 12 // RIFF, size, WEBP
	if len(content) < header+18 || string(content[header:header+4]) != "VP8X" {
		return a
	}
	const hasExif, hasXMP = 8, 4
	flags := content[header+8]
	for rest := content[header:]; len(rest) >= 8; {
		kind, length := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		if length > int64(len(rest)-8) {
			return a
		}
		switch data := rest[8 : 8+length]; {
		case kind == "EXIF" && flags&hasExif != 0 && a.exif == nil:
			a.exif = data
		case kind == "XMP " && flags&hasXMP != 0 && a.xmp == nil:
			a.xmp = data
		}
		rest = rest[min(int64(len(rest)), 8+length+length%2):]
	}
	return a
}

// ofPNG finds what a PNG file says: the chunk eXIf, before or behind the pixels;
// XMP data in a chunk iTXt; or Exif data in hexadecimal in a chunk of text, which
// ImageMagick wrote before eXIf was there.
func ofPNG(content []byte) (a about) {
	const rawExif, xmp = "Raw profile type exif\x00", "XML:com.adobe.xmp\x00"
	var raw []byte
	eachChunk(content, func(kind string, data []byte) bool {
		switch kind {
		case "eXIf":
			a.exif = data
		case "tEXt":
			if text, ok := bytes.CutPrefix(data, []byte(rawExif)); ok {
				raw = text
			}
		case "zTXt":
			if text, ok := bytes.CutPrefix(data, []byte(rawExif)); ok && len(text) > 1 {
				raw = inflated(text[1:])
			}
		case "iTXt": // keyword, compressed or not, method, language, keyword in the language, text
			text, ok := bytes.CutPrefix(data, []byte(xmp))
			if !ok || len(text) < 2 {
				break
			}
			if parts := bytes.SplitN(text[2:], []byte{0}, 3); len(parts) == 3 && text[0] == 0 {
				a.xmp = parts[2]
			} else if len(parts) == 3 {
				a.xmp = inflated(parts[2])
			}
		}
		return true
	})
	if a.exif == nil && raw != nil { // a line of the kind, one of the length, and then the data
		if lines := strings.SplitN(strings.TrimPrefix(string(raw), "\n"), "\n", 3); len(lines) == 3 {
			data, err := hex.DecodeString(strings.Join(strings.Fields(lines[2]), ""))
			if err == nil {
				a.exif = data
			}
		}
	}
	return a
}

// inflated is what was compressed by zlib; nil if it was not.
func inflated(data []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(r, largestAbout))
	if err != nil {
		return nil
	}
	return out
}
