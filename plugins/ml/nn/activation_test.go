package nn

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// TestGELU compares with float64, values and derivatives.
func TestGELU(t *testing.T) {
	x := array{dims: []int{9}, data: []float32{-30, -4, -1, -0.3, 0, 0.5, 1, 3, 30}}
	got := run(t, model.NewStore(), func(inputs []*Node) []*Node {
		exact, quick := GELU(inputs[0]), QuickGELU(inputs[0])
		return []*Node{exact, quick, Gradient(ReduceAllSum(exact), inputs[0])[0], Gradient(ReduceAllSum(quick), inputs[0])[0]}
	}, x)
	for i, v := range x.data {
		x := float64(v)
		below := 0.5 * (1 + math.Erf(x/math.Sqrt2))
		density := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
		sigmoid := 1 / (1 + math.Exp(-1.702*x))
		for j, want := range []float64{x * below, x * sigmoid, below + x*density, sigmoid + 1.702*x*sigmoid*(1-sigmoid)} {
			if difference := math.Abs(float64(got[j].data[i]) - want); !(difference < 1e-6*max(1, math.Abs(want))) {
				t.Errorf("output %d at %v is %v, want %v", j, v, got[j].data[i], want)
			}
		}
	}
}
