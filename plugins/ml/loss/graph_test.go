package loss

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// normal draws n values from a standard normal distribution.
func normal(seed uint64, n int) []float32 {
	source := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(source.NormFloat64())
	}
	return out
}

// compute executes a graph once.
func compute(t *testing.T, build func(inputs []*Node) *Node, inputs ...any) []float32 {
	t.Helper()
	output, err := ExecOnce(backendstest.Backend(t), build, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](output)
}

func close32(got float32, want float64) bool {
	return math.Abs(float64(got)-want) <= 1e-5*math.Max(1, math.Abs(want))
}
