//go:build cgo

package backends

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestKeyOf needs no plugin: the field of go-xla's that it reads is there, and what
// is in a program counts. Without a backend nothing can be put into one.
func TestKeyOf(t *testing.T) {
	if key := keyOf(&xla.Builder{}); key != "" {
		t.Errorf("a builder that holds nothing has the key %x", key)
	}
	if field := builderField(&xla.Builder{}); !field.IsValid() {
		t.Error("go-xla's builder of StableHLO is not where it was")
	}
}

// TestShared: on each backend of XLA that opens here, equal programs are compiled
// once, however often they are finalized, and others are not taken for them;
// tensors go from one to another.
func TestShared(t *testing.T) {
	opened := false
	for _, name := range []string{XLACPU, XLACUDA} {
		backend, err := Open(name)
		if err != nil {
			continue
		}
		opened = true
		programs := &backend.(*shared).programs
		begin := len(programs.all)
		run := func(factor float64, x *tensors.Tensor) *tensors.Tensor {
			t.Helper()
			exec, err := NewExec(backend, func(x *Node) *Node { return MulScalar(x, factor) })
			if err != nil {
				t.Fatal(err)
			}
			defer exec.Finalize()
			return exec.MustExec1(x)
		}
		x := tensors.FromFlatDataAndDimensions([]float32{1, 2}, 2)
		twice := run(2, run(2, x))
		if got := tensors.MustCopyFlatData[float32](run(3, twice)); got[0] != 12 || got[1] != 24 {
			t.Errorf("%s: %v, want [12 24]", name, got)
		}
		if n := len(programs.all) - begin; n != 2 {
			t.Errorf("%s: three programs, of which two are equal, are compiled %d times", name, n)
		}
		buffer, err := backend.BufferFromFlatData(0, []float32{1}, shapes.Make(dtypes.Float32, 1))
		if err != nil || buffer.Backend() != backend {
			t.Errorf("%s: a buffer of another backend, %v", name, err)
		}
	}
	if !opened {
		t.Skip("there is no PJRT plugin")
	}
}
