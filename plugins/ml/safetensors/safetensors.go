// Package safetensors reads and writes safetensors files: an 8-byte length, a
// JSON header and the tensors' bytes, little-endian and without gaps.
//
// A file comes from outside, so its header is not believed: sizes are checked
// against the file before anything is allocated, and the tensors must cover
// the data exactly, without overlap.
//
// Floating-point numbers of any width are read as float32, which models compute
// with, and written as float32, or as float16 on request (File.Types). Integers and
// booleans are kept apart, as int64 with their type in the file. The package refuses
// to leave out a tensor of an unknown type.
//
// Neither GoMLX 0.28 nor gomlx/go-huggingface 0.3, which downloads such files, has
// a reader or a writer of them.
package safetensors

import (
	"fmt"
	"os"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// File is the content of a safetensors file.
type File struct {
	Tensors  map[string]Tensor   // floating-point numbers
	Integers map[string]Integers // whole numbers and truth values; nil if there are none
	Metadata map[string]string
	// Types are those of floating-point tensors that are not written as F32: F16,
	// rounded to the nearest, ties to even. A number that F16 does not hold is an
	// error. Reading leaves it nil.
	Types map[string]DType
}

// Tensor is a float32 tensor, row-major.
type Tensor struct {
	Dims []int
	Data []float32
}

// Integers is a tensor of whole numbers, row-major. Truth values are 0 and 1.
type Integers struct {
	DType DType // in the file
	Dims  []int
	Data  []int64
}

// Size is the number of elements that dims hold.
func Size(dims []int) int {
	size := 1
	for _, d := range dims {
		size *= d
	}
	return size
}

// Read reads a file. Its errors name the file and, where there is one, the
// tensor with its type and shape. No more than the tensors themselves is held
// in memory.
func Read(path string) (*File, error) {
	source, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	file, err := decode(source, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read weights %s: %w", path, err)
	}
	return file, nil
}

// Write writes the file under a temporary name first, so that a killed process
// leaves nothing half-written at path.
func (f *File) Write(path string) error {
	out, err := atomicfile.Create(path)
	if err != nil {
		return fmt.Errorf("write weights: %w", err)
	}
	defer out.Discard()
	err = f.encode(out)
	if err == nil {
		err = out.Commit()
	}
	if err != nil {
		return fmt.Errorf("write weights %s: %w", path, err)
	}
	return nil
}
