package wire

import (
	"bytes"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// pieces reads bytes that lie in several buffers.
type pieces struct {
	rest mem.BufferSlice // the first of it is read up to at
	at   int
	left int // bytes that may be read
}

// next returns what there is of the next n bytes in one piece, and goes on behind it;
// empty at the end.
func (p *pieces) next(n int) []byte {
	for len(p.rest) > 0 && p.at == p.rest[0].Len() {
		p.rest, p.at = p.rest[1:], 0
	}
	n = min(n, p.left)
	if len(p.rest) == 0 || n == 0 {
		return nil
	}
	piece := p.rest[0].ReadOnlyData()[p.at:]
	piece = piece[:min(n, len(piece))]
	p.at += len(piece)
	p.left -= len(piece)
	return piece
}

// varint reads a number. ok is false if there is none.
func (p *pieces) varint() (v uint64, ok bool) {
	const most = 10 // bytes
	var text [most]byte
	for i := range text {
		piece := p.next(1)
		if len(piece) == 0 {
			return 0, false
		}
		if text[i] = piece[0]; piece[0] < 0x80 {
			v, n := protowire.ConsumeVarint(text[:i+1])
			return v, n > 0
		}
	}
	return 0, false
}

// take copies the next n bytes into one piece. ok is false if there are fewer.
func (p *pieces) take(n uint64) (out []byte, ok bool) {
	if n > uint64(p.left) {
		return nil, false
	}
	var parts [][]byte
	for rest := int(n); rest > 0; {
		piece := p.next(rest)
		if len(piece) == 0 {
			return nil, false
		}
		parts, rest = append(parts, piece), rest-len(piece)
	}
	return bytes.Join(parts, nil), true // does not zero what it writes over
}

// beginsWith reports whether the first field has a number.
func (p *pieces) beginsWith(field protowire.Number) bool {
	p.left = p.rest.Len()
	tag, ok := p.varint()
	number, _ := protowire.DecodeTag(tag)
	return ok && number == field
}

// cutOut takes a field's bytes out of a message: the last field of a path of fields,
// each in the one before. rest is the message without it. ok is false if the field is
// not there, or not once at each step, or if the message is damaged.
func cutOut(message mem.BufferSlice, path []protowire.Number) (rest, field []byte, ok bool) {
	p := &pieces{rest: message, left: message.Len()}
	return p.cutOut(p.left, path)
}

func (p *pieces) cutOut(size int, path []protowire.Number) (rest, field []byte, ok bool) {
	if size > p.left {
		return nil, nil, false
	}
	behind := p.left - size
	p.left = size
	found := false
	for p.left > 0 {
		tag, ok := p.varint()
		if !ok {
			return nil, nil, false
		}
		number, kind := protowire.DecodeTag(tag)
		if number == path[0] && (kind != protowire.BytesType || found) {
			return nil, nil, false
		}
		if number != path[0] || len(path) > 1 {
			rest = protowire.AppendVarint(rest, tag)
		}
		switch kind {
		case protowire.VarintType:
			v, ok := p.varint()
			if !ok {
				return nil, nil, false
			}
			rest = protowire.AppendVarint(rest, v)
			continue
		case protowire.Fixed32Type, protowire.Fixed64Type:
			n := uint64(4)
			if kind == protowire.Fixed64Type {
				n = 8
			}
			value, ok := p.take(n)
			if !ok {
				return nil, nil, false
			}
			rest = append(rest, value...)
			continue
		case protowire.BytesType:
		default:
			return nil, nil, false // a group, which the contract has none of
		}
		length, ok := p.varint()
		if !ok || length > uint64(p.left) {
			return nil, nil, false
		}
		if number == path[0] {
			found = true
			if len(path) == 1 {
				field, ok = p.take(length)
			} else {
				var inner []byte
				inner, field, ok = p.cutOut(int(length), path[1:])
				rest = protowire.AppendBytes(rest, inner)
			}
			if !ok {
				return nil, nil, false
			}
			continue
		}
		value, ok := p.take(length)
		if !ok {
			return nil, nil, false
		}
		rest = protowire.AppendBytes(rest, value)
	}
	p.left = behind
	return rest, field, found
}
