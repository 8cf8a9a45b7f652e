package imaging

import "encoding/binary"

// orientationTag is Exif's tag of how a camera was held: 1 to 8 as in the standard
// (Exif 2.3, 4.6.4 A). Viewers turn pictures by it, and so does Hugging Face's
// Image; a rater who saw the picture upright judged it so.
const orientationTag = 0x0112

// orientationOf looks for the tag in the first directory of a TIFF block, which is
// what Exif data are; 0 if it is not there. Cameras write the number as SHORT, some
// phones as LONG; of other types Pillow takes no notice, and so do we.
func orientationOf(tiff []byte) int {
	for len(tiff) >= 6 && string(tiff[:6]) == exifPrefix { // as in JPEG; some write it elsewhere, too
		tiff = tiff[6:]
	}
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
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
		if order.Uint16(entries) == orientationTag {
			return whole(order, order.Uint16(entries[2:]), entries[8:12])
		}
		entries = entries[12:]
	}
	return 0
}

// whole is the first value of an entry if it is a whole number of 16 or 32 bits
// (TIFF 6.0, section 2), else 0.
func whole(order binary.ByteOrder, kind uint16, value []byte) int {
	const short, long, signedShort, signedLong = 3, 4, 8, 9
	switch kind {
	case short, signedShort:
		return int(order.Uint16(value))
	case long, signedLong:
		return int(order.Uint32(value))
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
