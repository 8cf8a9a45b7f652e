package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DType is the type of a tensor's elements, as the format spells it.
type DType string

// The types that are read.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16" // the upper half of a float32
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// size is the width of an element in bytes, 0 for an unknown type.
func (d DType) size() int64 {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// floating reports whether elements are floating-point numbers.
func (d DType) floating() bool {
	switch d {
	case F64, F32, F16, BF16:
		return true
	}
	return false
}

// floats appends the elements in raw to out. A float64 is rounded to the
// nearest float32; beyond float32's range that is an infinity.
func (d DType) floats(out []float32, raw []byte) []float32 {
	width := int(d.size())
	for ; len(raw) > 0; raw = raw[width:] {
		var v float32
		switch d {
		case F64:
			v = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		case F32:
			v = math.Float32frombits(binary.LittleEndian.Uint32(raw))
		case F16:
			v = fromFloat16(binary.LittleEndian.Uint16(raw))
		case BF16:
			v = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw)) << 16)
		}
		out = append(out, v)
	}
	return out
}

// fromFloat16 widens an IEEE 754 binary16: 1 bit of sign, 5 of exponent (bias
// 15), 10 of fraction. Every value of it is a float32 too.
func fromFloat16(bits uint16) float32 {
	sign, exponent, fraction := uint32(bits)>>15<<31, uint32(bits)>>10&31, uint32(bits)&0x3ff
	switch exponent {
	case 0: // zero and subnormal numbers: fraction times 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31: // infinities and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent-15+127)<<23 | fraction<<13)
}

// toFloat16 is the IEEE 754 binary16 nearest to v, of two that are as near the
// one with an even fraction. It is not ok if v is finite and that would be an
// infinity.
func toFloat16(v float32) (bits uint16, ok bool) {
	whole := math.Float32bits(v)
	sign, size := uint16(whole>>16)&0x8000, math.Abs(float64(v))
	switch {
	case math.IsNaN(size):
		return sign | 0x7e00, true
	case math.IsInf(size, 0):
		return sign | 0x7c00, true
	case size < 1./(1<<14): // subnormal, or rounded up to the least normal: multiples of 2^-24
		return sign | uint16(math.RoundToEven(size*(1<<24))), true
	}
	// 13 of the 23 bits of the fraction go; a carry out of it raises the exponent.
	kept := whole & 0x7fffffff
	kept += 0xfff + kept>>13&1
	rounded := kept>>13 - (127-15)<<10
	return sign | uint16(rounded), rounded < 0x7c00
}

// integers appends the elements in raw to out.
func (d DType) integers(out []int64, raw []byte) ([]int64, error) {
	width := int(d.size())
	for ; len(raw) > 0; raw = raw[width:] {
		var v int64
		switch d {
		case I64:
			v = int64(binary.LittleEndian.Uint64(raw))
		case I32:
			v = int64(int32(binary.LittleEndian.Uint32(raw)))
		case I16:
			v = int64(int16(binary.LittleEndian.Uint16(raw)))
		case I8:
			v = int64(int8(raw[0]))
		case U64:
			u := binary.LittleEndian.Uint64(raw)
			if u > math.MaxInt64 {
				return nil, fmt.Errorf("element %d is %d, more than an int64 holds", len(out), u)
			}
			v = int64(u)
		case U32:
			v = int64(binary.LittleEndian.Uint32(raw))
		case U16:
			v = int64(binary.LittleEndian.Uint16(raw))
		case U8:
			v = int64(raw[0])
		case Bool:
			if raw[0] > 1 {
				return nil, fmt.Errorf("element %d is %d, a truth value is 0 or 1", len(out), raw[0])
			}
			v = int64(raw[0])
		}
		out = append(out, v)
	}
	return out, nil
}

// appendInteger appends v to out, or fails if the type does not hold it.
func (d DType) appendInteger(out []byte, v int64) ([]byte, error) {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch d {
	case I32, I16, I8:
		high = 1<<(8*d.size()-1) - 1
		low = -high - 1
	case U32, U16, U8:
		low, high = 0, 1<<(8*d.size())-1
	case U64:
		low = 0
	case Bool:
		low, high = 0, 1
	}
	if v < low || v > high {
		return nil, fmt.Errorf("%d is not a %s", v, d)
	}
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], uint64(v))
	return append(out, word[:d.size()]...), nil
}
