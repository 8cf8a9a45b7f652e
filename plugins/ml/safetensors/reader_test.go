package safetensors

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestReader: read one by one, tensors are what Read makes of them.
func TestReader(t *testing.T) {
	const path = "testdata/dtypes.safetensors"
	want, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := len(r.Names()); got != len(want.Tensors)+len(want.Integers) {
		t.Errorf("%d names", got)
	}
	for _, name := range r.Names() {
		info, ok := r.Info(name)
		if !ok {
			t.Fatalf("%q has no info", name)
		}
		got, err := r.Floats(name)
		if !info.Floating() {
			if whole := want.Integers[name]; whole.DType != info.DType || !reflect.DeepEqual(whole.Dims, info.Dims) {
				t.Errorf("%q is %v, want %s %v", name, info, whole.DType, whole.Dims)
			}
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%q is read as floating-point numbers: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		tensor := want.Tensors[name]
		if !reflect.DeepEqual(got.Dims, tensor.Dims) || !reflect.DeepEqual(info.Dims, tensor.Dims) || len(got.Data) != len(tensor.Data) {
			t.Errorf("%q is %v", name, got.Dims)
		}
		for i, v := range tensor.Data {
			if got.Data[i] != v && v == v {
				t.Errorf("%q: element %d is %v, want %v", name, i, got.Data[i], v)
			}
		}
	}
	if _, ok := r.Info("nothing"); ok {
		t.Error("there is info of a tensor that is not there")
	}
	if _, err := r.Floats("nothing"); err == nil || !strings.Contains(err.Error(), `tensor "nothing" is missing`) {
		t.Errorf("missing tensor: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	whole, err := example().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("truncated file: %v", err)
	}
}

// FuzzOpen: whatever a file holds, it can be looked at without a panic, and what
// is read of a tensor row by row is what is read of it at once.
func FuzzOpen(f *testing.F) {
	whole, err := example().Encode()
	if err != nil {
		f.Fatal(err)
	}
	half := &File{Tensors: map[string]Tensor{"h": {Dims: []int{2, 3}, Data: make([]float32, 6)}}, Types: map[string]DType{"h": F16}}
	halved, err := half.Encode()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{
		whole, halved, whole[:len(whole)-1], nil, content(`{}`, 0),
		content(`{"w":{"dtype":"F16","shape":[0,9223372036854775807],"data_offsets":[0,0]}}`, 0),
		content(`{"w":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]}}`, 0),
		content(`{"w":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}`, 2),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		// In memory: a file for each would be what takes the time.
		r, err := newReader("w.safetensors", struct {
			io.ReaderAt
			io.Closer
		}{bytes.NewReader(content), io.NopCloser(nil)}, int64(len(content)))
		if err != nil {
			return
		}
		defer r.Close()
		for _, name := range r.Names() {
			info, ok := r.Info(name)
			if !ok {
				t.Fatalf("%q is among the names and not in the file", name)
			}
			if !info.Floating() {
				if all, err := r.Integers(name); err == nil && len(all.Data) != Size(info.Dims) {
					t.Errorf("%q: %s holds %d values", name, info, len(all.Data))
				}
				continue
			}
			all, err := r.Floats(name)
			if err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			if len(info.Dims) == 0 {
				continue
			}
			var rows []float32
			for row := range min(info.Dims[0], 1000) {
				one, err := r.Rows(name, row, 1)
				if err != nil {
					t.Fatalf("%q, row %d: %v", name, row, err)
				}
				rows = append(rows, one.Data...)
			}
			for i, v := range rows {
				if math.Float32bits(v) != math.Float32bits(all.Data[i]) {
					t.Errorf("%q: value %d is %v by rows and %v at once", name, i, v, all.Data[i])
				}
			}
			if _, err := r.Rows(name, info.Dims[0], 1); err == nil {
				t.Errorf("%q: there is a row after the last", name)
			}
		}
	})
}
