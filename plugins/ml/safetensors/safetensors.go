// Package safetensors reads and writes safetensors files: an 8-byte length, a
// JSON header and the tensors' bytes, little-endian and without gaps.
//
// A file comes from outside, so its header is not believed: sizes are checked
// against the file before anything is allocated, and the tensors must cover
// the data exactly, without overlap.
//
// Floating-point numbers of any width are read as float32, which is what
// models compute with, and written as float32, or as float16 where that is
// asked for. Whole numbers and truth values
// are kept apart, as int64 with the type that they have in the file. The
// package refuses to leave out a tensor whose type it does not know.
package safetensors

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
func (f *File) Write(path string) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write weights: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write weights %s: %w", path, err), os.Remove(temporary.Name()))
		}
	}()
	if err := f.finish(temporary); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// finish puts the content on the disk, readable like any other file.
func (f *File) finish(out *os.File) error {
	if err := f.encode(out); err != nil {
		return err
	}
	if err := out.Chmod(0o644); err != nil {
		return err
	}
	return out.Sync()
}
