package loss

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// evaluate builds a loss and returns it with its gradient by the first input.
func evaluate(t *testing.T, build func(in []*Node) *Node, inputs ...any) (value float64, gradient []float32) {
	t.Helper()
	backend := backendstest.Backend(t)
	outputs := MustExecOnceN(backend, func(in []*Node) []*Node {
		loss := build(in)
		if !loss.IsScalar() {
			t.Fatalf("the loss has the shape %v, want a scalar", loss.Shape())
		}
		return []*Node{loss, Gradient(loss, in[0])[0]}
	}, inputs...)
	return float64(tensors.ToScalar[float32](outputs[0])), tensors.MustCopyFlatData[float32](outputs[1])
}

func expect(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-6) {
			t.Errorf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func float64s(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

func TestSquaredError(t *testing.T) {
	value, gradient := evaluate(t, func(in []*Node) *Node { return SquaredError(in[0], in[1]) },
		[]float32{0.5, 0.25, 0.75, 1}, []float32{1, 0, 0.5, 1})
	// ((0.5)^2 + (0.25)^2 + (0.25)^2 + 0) / 4, and 2 (r - y) / 4
	expect(t, "loss", []float64{value}, []float64{0.09375})
	expect(t, "gradient", float64s(gradient), []float64{-0.25, 0.125, 0.125, 0})
}
