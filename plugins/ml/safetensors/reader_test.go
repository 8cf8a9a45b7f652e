package safetensors

import (
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
