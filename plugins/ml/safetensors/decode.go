package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
)

// maxHeader is the largest header that the format's reference implementation
// reads, in bytes.
const maxHeader = 100_000_000

// metadataKey is the header's one entry that is not a tensor.
const metadataKey = "__metadata__"

// entry is a tensor in the header. Offsets count from the end of the header.
type entry struct {
	DType   DType   `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// named is an entry with its name and its offset.
type named struct {
	entry
	name       string
	begin, end int64
}

func (n named) String() string { return fmt.Sprintf("tensor %q (%s %v)", n.name, n.DType, n.Shape) }

// Decode reads a file's content.
func Decode(content []byte) (*File, error) {
	return decode(bytes.NewReader(content), int64(len(content)))
}

// decode reads a file of the given size in bytes.
func decode(source io.ReaderAt, size int64) (*File, error) {
	file := &File{Tensors: map[string]Tensor{}}
	entries, start, err := file.open(source, size)
	if err != nil {
		return nil, err
	}
	for _, n := range entries {
		if err := file.readTensor(n, io.NewSectionReader(source, start+n.begin, n.end-n.begin)); err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
	}
	return file, nil
}

// open reads the header of a file of the given size in bytes, and checks it: it
// returns the tensors' entries in the order of their offsets, and where the data
// starts.
func (f *File) open(source io.ReaderAt, size int64) (entries []named, start int64, err error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, 0, fmt.Errorf("truncated: %d bytes, a header needs at least 8", size)
	}
	if _, err := source.ReadAt(prefix[:], 0); err != nil {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	begin := make([]byte, min(size, 128))
	if n, _ := source.ReadAt(begin, 0); gitlfs.IsPointer(begin[:n]) {
		return nil, 0, gitlfs.Error{}
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxHeader || length > uint64(size-8) {
		return nil, 0, fmt.Errorf("truncated or not safetensors: the header claims %d bytes, the file has %d", length, size)
	}
	header := make([]byte, length)
	if _, err := source.ReadAt(header, 8); err != nil && !(errors.Is(err, io.EOF) && length == uint64(size-8)) {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	if entries, err = f.readHeader(header); err != nil {
		return nil, 0, err
	}
	start = 8 + int64(length)
	return entries, start, cover(entries, size-start)
}

// readHeader reads the metadata into the file and returns the tensors' entries.
func (f *File) readHeader(header []byte) ([]named, error) {
	// Go's decoder replaces what is not UTF-8 and takes the last of several
	// entries with the same name; both would hide an altered file.
	if !utf8.Valid(header) {
		return nil, errors.New("not safetensors: the header is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(header))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("not safetensors: the header is not a JSON object")
	}
	var entries []named
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("not safetensors: header: %w", err)
		}
		name := token.(string) // a key of an object is nothing else
		if seen[name] {
			return nil, fmt.Errorf("tensor %q: it is in the header twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := decoder.Decode(&f.Metadata); err != nil {
				return nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		n := named{name: name}
		if err := decoder.Decode(&n.entry); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if err := n.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		n.begin, n.end = n.Offsets[0], n.Offsets[1]
		entries = append(entries, n)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("not safetensors: header: %w", err)
	}
	if rest := bytes.TrimRight(header[decoder.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, fmt.Errorf("not safetensors: %d bytes follow the header's JSON", len(rest))
	}
	return entries, nil
}

// check compares an entry with itself: its type is known, and its offsets hold
// what its shape needs.
func (n named) check() error {
	width := n.DType.size()
	if width == 0 {
		return fmt.Errorf("type %q is not one of F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL", n.DType)
	}
	if n.Shape == nil {
		return errors.New("it has no shape")
	}
	size := width
	for _, d := range n.Shape {
		if d < 0 || (d > 0 && size > math.MaxInt64/int64(d)) {
			return errors.New("its shape is impossible")
		}
		size *= int64(d)
	}
	if len(n.Offsets) != 2 || n.Offsets[0] < 0 || n.Offsets[1] < n.Offsets[0] {
		return fmt.Errorf("offsets %v are not a begin and an end", n.Offsets)
	}
	if held := n.Offsets[1] - n.Offsets[0]; held != size {
		return fmt.Errorf("its shape needs %d bytes, offsets %v hold %d", size, n.Offsets, held)
	}
	return nil
}

// cover sorts the entries by their offset and checks that they fill the data,
// one after the other.
func cover(entries []named, size int64) error {
	slices.SortFunc(entries, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	var end int64
	for i, n := range entries {
		switch {
		case n.end > size:
			return fmt.Errorf("%s: offsets %v lie outside of the %d bytes of data, as if it were truncated", n, n.Offsets, size)
		case n.begin < end:
			return fmt.Errorf("%s: offsets %v overlap with tensor %q", n, n.Offsets, entries[i-1].name)
		case n.begin > end:
			return fmt.Errorf("%s: offsets %v leave a gap of %d bytes before it", n, n.Offsets, n.begin-end)
		}
		end = n.end
	}
	if end != size {
		return fmt.Errorf("%d bytes of data belong to no tensor", size-end)
	}
	return nil
}

// chunk is how many bytes are converted at a time: a whole number of elements
// of every type.
const chunk = 1 << 16

// readTensor reads the elements of a checked entry.
func (f *File) readTensor(n named, source io.Reader) error {
	count := (n.end - n.begin) / n.DType.size()
	var floats []float32
	var integers []int64
	if n.DType.floating() {
		floats = make([]float32, 0, count)
	} else {
		integers = make([]int64, 0, count)
	}
	buffer := make([]byte, min(chunk, n.end-n.begin))
	for left := n.end - n.begin; left > 0; left -= int64(len(buffer)) {
		buffer = buffer[:min(int64(len(buffer)), left)]
		if _, err := io.ReadFull(source, buffer); err != nil {
			return err
		}
		if n.DType.floating() {
			floats = n.DType.floats(floats, buffer)
			continue
		}
		var err error
		if integers, err = n.DType.integers(integers, buffer); err != nil {
			return err
		}
	}
	if n.DType.floating() {
		f.Tensors[n.name] = Tensor{Dims: n.Shape, Data: floats}
		return nil
	}
	if f.Integers == nil {
		f.Integers = map[string]Integers{}
	}
	f.Integers[n.name] = Integers{DType: n.DType, Dims: n.Shape, Data: integers}
	return nil
}
