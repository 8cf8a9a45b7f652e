package imaging

import (
	"bytes"
	"encoding/binary"
)

// orientation is how a camera was held, by the Exif data of a JPEG file: 1 to 8
// as in the standard (Exif 2.3, 4.6.4 A), and 1, upright, where there is none or
// none that can be understood. Viewers turn pictures by it, and so does Hugging
// Face's Image; a rater who saw the picture upright judged it so.
func orientation(jpeg []byte) int {
	const upright = 1
	if !bytes.HasPrefix(jpeg, []byte{0xff, 0xd8}) {
		return upright
	}
	for rest := jpeg[2:]; len(rest) >= 4 && rest[0] == 0xff; {
		marker, length := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if marker == 0xda || length < 2 || len(rest) < 2+length { // the picture itself
			return upright
		}
		segment := rest[4 : 2+length]
		if exif, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); marker == 0xe1 && ok {
			if o := orientationOf(exif); o >= 1 && o <= 8 {
				return o
			}
			return upright
		}
		rest = rest[2+length:]
	}
	return upright
}

// orientationOf looks for the tag in the first directory of a TIFF block; 0 if
// it is not there.
func orientationOf(tiff []byte) int {
	var order binary.ByteOrder
	switch {
	case len(tiff) < 8:
		return 0
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 0
	}
	start := int64(order.Uint32(tiff[4:]))
	if start+2 > int64(len(tiff)) {
		return 0
	}
	entries := tiff[start+2:]
	for range order.Uint16(tiff[start:]) {
		if len(entries) < 12 {
			return 0
		}
		const tag, short = 0x0112, 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 0
}

// upright turns a picture of an orientation.
func upright(p Image, orientation int) Image {
	if orientation <= 1 || orientation > 8 {
		return p
	}
	out := Image{Width: p.Width, Height: p.Height, RGB: make([]byte, len(p.RGB))}
	if orientation >= 5 { // rows become columns
		out.Width, out.Height = p.Height, p.Width
	}
	right, bottom := p.Width-1, p.Height-1
	for y := range out.Height {
		for x := range out.Width {
			var fromX, fromY int
			switch orientation {
			case 2:
				fromX, fromY = right-x, y
			case 3:
				fromX, fromY = right-x, bottom-y
			case 4:
				fromX, fromY = x, bottom-y
			case 5:
				fromX, fromY = y, x
			case 6:
				fromX, fromY = y, bottom-x
			case 7:
				fromX, fromY = right-y, bottom-x
			case 8:
				fromX, fromY = right-y, x
			}
			copy(out.RGB[3*(y*out.Width+x):][:3], p.RGB[3*(fromY*p.Width+fromX):])
		}
	}
	return out
}
