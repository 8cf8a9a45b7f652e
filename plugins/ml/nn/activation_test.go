package nn

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// TestGELU compares with float64, values and derivatives.
//
// XLA's erf is a quotient of polynomials, which ends at -1 + 1.8e-7, three units in
// the last place off, and GELU multiplies half of that by its input: GELU(-30) is
// -2.7e-6 there in the place of -0. That is as near as float32 has the input itself.
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
			limit := 1e-6 * max(1, math.Abs(want))
			if j == 0 && backendstest.Name() != backends.Go {
				limit = max(limit, 1e-7*math.Abs(x))
			}
			if difference := math.Abs(float64(got[j].data[i]) - want); !(difference < limit) {
				t.Errorf("output %d at %v is %v, want %v", j, v, got[j].data[i], want)
			}
		}
	}
}
