package safetensors

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// Reader is an open file whose tensors are looked at before they are read, and
// read one by one: a model of gigabytes is checked before any of it is held.
type Reader struct {
	path    string
	source  opened
	start   int64 // of the data
	entries map[string]named
	about   map[string]string
}

// opened is an open file, or what stands for one.
type opened interface {
	io.ReaderAt
	io.Closer
}

// Info is what the header says of a tensor.
type Info struct {
	DType DType
	Dims  []int
}

func (i Info) String() string { return fmt.Sprintf("%s %v", i.DType, i.Dims) }

// Floating reports whether the tensor holds floating-point numbers.
func (i Info) Floating() bool { return i.DType.floating() }

// Open opens a file and checks its header, as Read does.
func Open(path string) (*Reader, error) {
	source, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	info, err := source.Stat()
	if err != nil {
		source.Close()
		return nil, fmt.Errorf("read weights: %w", err)
	}
	return newReader(path, source, info.Size())
}

// newReader checks the header of what a file holds, and closes it after a mistake.
func newReader(path string, source opened, size int64) (*Reader, error) {
	var file File
	entries, start, err := file.open(source, size)
	if err != nil {
		source.Close()
		return nil, fmt.Errorf("read weights %s: %w", path, err)
	}
	r := &Reader{path: path, source: source, start: start, entries: map[string]named{}, about: file.Metadata}
	for _, n := range entries {
		r.entries[n.name] = n
	}
	return r, nil
}

// Path of the file.
func (r *Reader) Path() string { return r.path }

// Names of the tensors, sorted.
func (r *Reader) Names() []string { return slices.Sorted(maps.Keys(r.entries)) }

// Info of a tensor; false if there is none of that name.
func (r *Reader) Info(name string) (Info, bool) {
	n, ok := r.entries[name]
	return Info{DType: n.DType, Dims: n.Shape}, ok
}

// Metadata is what the file says about itself, beside its tensors.
func (r *Reader) Metadata() map[string]string { return maps.Clone(r.about) }

// Floats reads a tensor of floating-point numbers.
func (r *Reader) Floats(name string) (Tensor, error) {
	n, ok := r.entries[name]
	if !ok {
		return Tensor{}, fmt.Errorf("read weights %s: tensor %q is missing", r.path, name)
	}
	if !n.DType.floating() {
		return Tensor{}, fmt.Errorf("read weights %s: %s: not floating-point numbers", r.path, n)
	}
	one := File{Tensors: map[string]Tensor{}}
	if err := one.readTensor(n, io.NewSectionReader(r.source, r.start+n.begin, n.end-n.begin)); err != nil {
		return Tensor{}, fmt.Errorf("read weights %s: %s: %w", r.path, n, err)
	}
	return one.Tensors[name], nil
}

// Rows reads count elements of a tensor of floating-point numbers along its
// first axis, from the given one on, and no more of the file: [count, ...].
func (r *Reader) Rows(name string, from, count int) (Tensor, error) {
	n, ok := r.entries[name]
	switch {
	case !ok:
		return Tensor{}, fmt.Errorf("read weights %s: tensor %q is missing", r.path, name)
	case !n.DType.floating() || len(n.Shape) == 0:
		return Tensor{}, fmt.Errorf("read weights %s: %s: not rows of floating-point numbers", r.path, n)
	case from < 0 || count < 0 || from > n.Shape[0]-count:
		return Tensor{}, fmt.Errorf("read weights %s: %s: there are no rows %d to %d", r.path, n, from, from+count)
	}
	size := int64(Size(n.Shape[1:])) * n.DType.size()
	part := n
	part.Shape = append([]int{count}, n.Shape[1:]...)
	part.begin, part.end = n.begin+int64(from)*size, n.begin+int64(from+count)*size
	one := File{Tensors: map[string]Tensor{}}
	if err := one.readTensor(part, io.NewSectionReader(r.source, r.start+part.begin, part.end-part.begin)); err != nil {
		return Tensor{}, fmt.Errorf("read weights %s: %s: %w", r.path, n, err)
	}
	return one.Tensors[name], nil
}

// Integers reads a tensor of whole numbers.
func (r *Reader) Integers(name string) (Integers, error) {
	n, ok := r.entries[name]
	if !ok {
		return Integers{}, fmt.Errorf("read weights %s: tensor %q is missing", r.path, name)
	}
	if n.DType.floating() {
		return Integers{}, fmt.Errorf("read weights %s: %s: not whole numbers", r.path, n)
	}
	var one File
	if err := one.readTensor(n, io.NewSectionReader(r.source, r.start+n.begin, n.end-n.begin)); err != nil {
		return Integers{}, fmt.Errorf("read weights %s: %s: %w", r.path, n, err)
	}
	return one.Integers[name], nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.source.Close() }
