package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// Encode is the content of a file: the same tensors give the same bytes.
// Tensors lie in the order of their names, wider types first, so that every
// element is aligned.
func (f *File) Encode() ([]byte, error) {
	var out bytes.Buffer
	if err := f.encode(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (f *File) encode(out io.Writer) error {
	entries, err := f.entries()
	if err != nil {
		return err
	}
	header := map[string]any{}
	if len(f.Metadata) > 0 {
		for key, value := range f.Metadata {
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return fmt.Errorf("metadata %q: %q is not UTF-8", key, value)
			}
		}
		header[metadataKey] = f.Metadata
	}
	var offset int64
	for i, n := range entries {
		end := offset + int64(Size(n.Shape))*n.DType.size()
		entries[i].Offsets = []int64{offset, end}
		header[n.name] = entries[i].entry
		offset = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 { // the data is aligned to 8 bytes
		text = append(text, ' ')
	}
	if len(text) > maxHeader {
		return fmt.Errorf("the header needs %d bytes, readers accept %d", len(text), maxHeader)
	}
	if _, err := out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))); err != nil {
		return err
	}
	if _, err := out.Write(text); err != nil {
		return err
	}
	for _, n := range entries {
		if err := f.writeTensor(n, out); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	return nil
}

// entries are the tensors' entries in the order of the file, without offsets.
func (f *File) entries() ([]named, error) {
	var entries []named
	add := func(name string, dtype DType, dims []int, values int) error {
		if dims == nil {
			dims = []int{} // a scalar; in JSON not null
		}
		n := named{name: name, entry: entry{DType: dtype, Shape: dims}}
		switch {
		case name == metadataKey || !utf8.ValidString(name):
			return fmt.Errorf("%s: the format does not allow this name", n)
		case slices.ContainsFunc(dims, func(d int) bool { return d < 0 }) || Size(dims) != values:
			return fmt.Errorf("%s: its shape does not hold %d values", n, values)
		}
		entries = append(entries, n)
		return nil
	}
	for name, tensor := range f.Tensors {
		if _, double := f.Integers[name]; double {
			return nil, fmt.Errorf("tensor %q: it is among the floating-point numbers and among the integers", name)
		}
		dtype := F32
		if other, ok := f.Types[name]; ok {
			dtype = other
		}
		if dtype != F32 && dtype != F16 {
			return nil, fmt.Errorf("tensor %q: floating-point numbers are written as F32 or F16, not as %q", name, dtype)
		}
		if err := add(name, dtype, tensor.Dims, len(tensor.Data)); err != nil {
			return nil, err
		}
	}
	for name, tensor := range f.Integers {
		if tensor.DType.size() == 0 || tensor.DType.floating() {
			return nil, fmt.Errorf("tensor %q: %q is not a type of integers", name, tensor.DType)
		}
		if err := add(name, tensor.DType, tensor.Dims, len(tensor.Data)); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(entries, func(a, b named) int {
		return cmp.Or(cmp.Compare(b.DType.size(), a.DType.size()), cmp.Compare(a.name, b.name))
	})
	return entries, nil
}

// writeTensor writes the elements of a tensor.
func (f *File) writeTensor(n named, out io.Writer) error {
	buffer := make([]byte, 0, chunk)
	if n.DType.floating() {
		for values := range slices.Chunk(f.Tensors[n.name].Data, chunk/4) {
			buffer = buffer[:0]
			for _, v := range values {
				if n.DType == F32 {
					buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
					continue
				}
				bits, ok := toFloat16(v)
				if !ok {
					return fmt.Errorf("%v is beyond the range of F16, 65504", v)
				}
				buffer = binary.LittleEndian.AppendUint16(buffer, bits)
			}
			if _, err := out.Write(buffer); err != nil {
				return err
			}
		}
		return nil
	}
	for values := range slices.Chunk(f.Integers[n.name].Data, chunk/8) {
		buffer = buffer[:0]
		for _, v := range values {
			var err error
			if buffer, err = n.DType.appendInteger(buffer, v); err != nil {
				return err
			}
		}
		if _, err := out.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}
