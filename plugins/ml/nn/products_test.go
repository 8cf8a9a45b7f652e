package nn

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	gomlxnn "github.com/gomlx/gomlx/ml/nn"
)

// TestProducts holds what is written with products for the pure-Go backend
// against the plain form: values, and the gradients of every input.
func TestProducts(t *testing.T) {
	type form func(inputs []*Node) *Node
	for _, test := range []struct {
		name         string
		inputs       []array
		ours, theirs form
		tolerance    float64
	}{
		{"flipped", []array{random(1, 7, 5)},
			func(in []*Node) *Node { return flipped(in[0]) },
			func(in []*Node) *Node { return Transpose(in[0], 0, 1) }, 0},
		{"product, wider", []array{random(1, 64, 20), random(2, 20, 33)},
			func(in []*Node) *Node { return product(in[0], in[1]) },
			func(in []*Node) *Node { return MatMul(in[0], in[1]) }, 1e-5},
		{"product, narrower", []array{random(1, 64, 33), random(2, 33, 20)},
			func(in []*Node) *Node { return product(in[0], in[1]) },
			func(in []*Node) *Node { return MatMul(in[0], in[1]) }, 1e-5},
		{"product of a node with itself", []array{random(1, 12, 12)},
			func(in []*Node) *Node { return product(in[0], product(in[0], in[0])) },
			func(in []*Node) *Node { return MatMul(in[0], MatMul(in[0], in[0])) }, 1e-5},
		{"compare", []array{random(1, 3, 6, 8), random(2, 3, 5, 8)},
			func(in []*Node) *Node { return compare(in[0], in[1]) },
			func(in []*Node) *Node { return Einsum("bmw,bnw->bmn", in[0], in[1]) }, 1e-5},
		{"mix", []array{random(1, 3, 6, 5), random(2, 3, 5, 8)},
			func(in []*Node) *Node { return mix(in[0], in[1]) },
			func(in []*Node) *Node { return Einsum("bmn,bnw->bmw", in[0], in[1]) }, 1e-5},
		{"spread", []array{random(1, 3, 8)},
			func(in []*Node) *Node { return spread(in[0], 6) },
			func(in []*Node) *Node { return BroadcastToDims(ExpandAxes(in[0], 1), 3, 6, 8) }, 1e-6},
		{"relu", []array{random(1, 9, 8)},
			func(in []*Node) *Node { return ReLU(in[0]) },
			func(in []*Node) *Node { return Max(in[0], ScalarZero(in[0].Graph(), in[0].DType())) }, 1e-6},
		{"normalize", []array{random(1, 4, 5, 24)},
			func(in []*Node) *Node { return Normalize(AddScalar(MulScalar(in[0], 3), 2)) },
			func(in []*Node) *Node {
				return gomlxnn.LayerNorm(AddScalar(MulScalar(in[0], 3), 2), []int{-1}, normEpsilon, nil, nil, nil)
			}, 2e-5},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The gradient is that of a sum that weighs every element differently.
			both := func(f form) []array {
				return run(t, model.NewStore(), func(inputs []*Node) []*Node {
					y := f(inputs)
					weights := AddScalar(Sin(IotaFull(y.Graph(), y.Shape())), 0.3)
					loss := ReduceAllSum(Mul(weights, Mul(y, AddScalar(y, 1))))
					return append([]*Node{y}, Gradient(loss, inputs...)...)
				}, test.inputs...)
			}
			ours, theirs := both(test.ours), both(test.theirs)
			expect(t, "value", ours[0], theirs[0], test.tolerance)
			for i := range test.inputs {
				expect(t, "gradient", ours[1+i], theirs[1+i], max(test.tolerance, 1e-6))
			}
		})
	}
}

// TestProductsInHalfPrecision holds our gradients of products of bfloat16 against those
// that GoMLX computes in float32. Both are sums in float32 that are rounded once, to 8
// bits, so they differ by a step of the last at most.
func TestProductsInHalfPrecision(t *testing.T) {
	half := func(x *Node) *Node { return ConvertDType(x, dtypes.BFloat16) }
	for _, test := range []struct {
		name         string
		inputs       []array
		ours, theirs func(a, b *Node) *Node
	}{
		{"product", []array{random(1, 64, 20), random(2, 20, 33)}, product, func(a, b *Node) *Node { return MatMul(a, b) }},
		{"compare", []array{random(1, 3, 6, 8), random(2, 3, 5, 8)}, compare, func(a, b *Node) *Node { return Einsum("bmw,bnw->bmn", a, b) }},
		{"mix", []array{random(1, 3, 6, 5), random(2, 3, 5, 8)}, mix, func(a, b *Node) *Node { return Einsum("bmn,bnw->bmw", a, b) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			both := func(f func(a, b *Node) *Node) []array {
				return run(t, model.NewStore(), func(in []*Node) []*Node {
					y := f(half(in[0]), half(in[1]))
					if y.DType() != dtypes.BFloat16 {
						t.Errorf("the product is %s", y.DType())
					}
					y = Float32(y)
					weights := AddScalar(Sin(IotaFull(y.Graph(), y.Shape())), 0.3)
					return append([]*Node{y}, Gradient(ReduceAllSum(Mul(weights, y)), in...)...)
				}, test.inputs...)
			}
			ours, theirs := both(test.ours), both(test.theirs)
			for i, name := range []string{"value", "gradient of the left", "gradient of the right"} {
				for j, want := range theirs[i].data {
					if got := ours[i].data[j]; math.Abs(float64(got-want)) > math.Abs(float64(want))/128+1e-6 {
						t.Errorf("%s, element %d: %g, want %g", name, j, got, want)
					}
				}
			}
		})
	}
}
