package backends

import (
	"errors"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestLowering: a program is written down once, as the backend would have it that it is
// for, its results are zeros, and the plugin goes on computing for others.
func TestLowering(t *testing.T) {
	real, err := Open(XLACPU)
	if err != nil {
		t.Skip("no program can be built without a plugin of XLA: ", err)
	}
	product := func(x *Node) *Node { return MatMul(x, x) }
	for _, name := range []string{XLACUDA, XLACPU} {
		var programs []string
		backend, err := OpenLowering(name, func(program []byte) error {
			programs = append(programs, string(program))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := Describe(backend); got != name {
			t.Errorf("a backend for %s is called %s", name, got)
		}
		exec, err := NewExec(backend, product)
		if err != nil {
			t.Fatal(err)
		}
		x := tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4}, 2, 2)
		for range 2 {
			y := exec.MustExec1(x)
			if got := tensors.MustCopyFlatData[float32](y); !slices.Equal(got, make([]float32, 4)) || !slices.Equal(y.Shape().Dimensions, []int{2, 2}) {
				t.Errorf("for %s: %v of shape %s, want zeros", name, got, y.Shape())
			}
		}
		if len(programs) != 1 || !strings.Contains(programs[0], "stablehlo.dot_general") {
			t.Fatalf("for %s: programs %q", name, programs)
		}
		// On CUDA a product is in TF32, unless NVIDIA's variable says no.
		if got, want := strings.Contains(programs[0], "precision HIGHEST"), name == XLACUDA && withoutTF32(); got != want {
			t.Errorf("for %s: highest precision %v, want %v:\n%s", name, got, want, programs[0])
		}
		exec.Finalize()
		backend.Finalize()
	}
	if got := tensors.MustCopyFlatData[float32](MustExecOnce(real, product, tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4}, 2, 2))); !slices.Equal(got, []float32{7, 10, 15, 22}) {
		t.Errorf("the plugin itself computes %v", got)
	}
	full := errors.New("the disk is full")
	backend, err := OpenLowering(XLACUDA, func([]byte) error { return full })
	if err != nil {
		t.Fatal(err)
	}
	exec, err := NewExec(backend, product)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.Exec(tensors.FromFlatDataAndDimensions([]float32{1}, 1, 1)); !errors.Is(err, full) {
		t.Errorf("a program that is not written: %v", err)
	}
	if _, err := OpenLowering(Go, nil); err == nil || !strings.Contains(err.Error(), "xla:cuda") {
		t.Errorf("programs for go: %v", err)
	}
}
