package guidance

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

func TestGuide(t *testing.T) {
	got, err := ExecOnce(backendstest.Backend(t), Guide, []float32{1, 2}, []float32{2, 0}, float32(7.5))
	if err != nil {
		t.Fatal(err)
	}
	if got := tensors.MustCopyFlatData[float32](got); !slices.Equal(got, []float32{8.5, -13}) {
		t.Errorf("guided to %v, want [8.5 -13]", got)
	}
}
