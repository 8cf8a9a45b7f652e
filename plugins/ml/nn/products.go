package nn

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The pure-Go backend is fast at large matrix products and slow at the rest:
// its transposes, reductions and broadcasts walk over elements one by one, and
// the gradients that GoMLX works out are full of them. Here the same
// mathematics is written with products alone (docs/benchmarks.md says what that
// gains). Other backends get the plain form, which their compilers
// know best, but for gradients in half precision; a test holds the two together.

// isGo reports whether g is built for the pure-Go backend.
func isGo(g *Graph) bool { return g.Backend().String() == "go" }

// derived reports whether a product of x has a gradient of ours: on the pure-Go
// backend, and in half precision on all. For GoMLX computes the gradients of such
// products in float32 and rounds them at the end, which takes a GPU twice the time and
// the memory of the products themselves. In half precision the operands are the same,
// sums are float32 as well, and they are rounded once.
func derived(x *Node) bool { return isGo(x.Graph()) || x.DType().IsHalfPrecision() }

// given is y = build(x) with a gradient that we write ourselves: of takes the
// gradient of y to the gradient of x. What GoMLX works out is then used by
// nothing, and what is used by nothing is not computed.
//
// A custom gradient in GoMLX belongs to an identity, so there are two: the one
// after y notes the gradient of y, which is known first, and the one before x
// hands on what of makes of it.
func given(x *Node, build func(x *Node) *Node, of func(v *Node) *Node) *Node {
	var ofResult *Node
	x = IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return of(ofResult) })
	return IdentityWithCustomGradient(build(x), func(_, v *Node) *Node {
		ofResult = v
		return v
	})
}

// product is x w: [rows, in] x [in, out] -> [rows, out].
func product(x, w *Node) *Node {
	if !derived(x) {
		return MatMul(x, w)
	}
	ofX := func(v *Node) *Node { return DotGeneral(v, []int{1}, nil, w, []int{1}, nil) }
	ofW := func(v *Node) *Node { // the transposed x times v
		if !isGo(x.Graph()) {
			return DotGeneral(x, []int{0}, nil, v, []int{0}, nil)
		}
		// By way of the narrower of the two.
		if in, out := w.Shape().Dimensions[0], w.Shape().Dimensions[1]; in <= out {
			return MatMul(flipped(x), v)
		}
		return Transpose(MatMul(flipped(v), x), 0, 1)
	}
	return given(w, func(w *Node) *Node {
		return given(x, func(x *Node) *Node { return MatMul(x, w) }, ofX)
	}, ofW)
}

// flipped is the transpose of a matrix as a product with the identity, which is
// exact: [rows, columns] -> [columns, rows].
func flipped(x *Node) *Node {
	columns := x.Shape().Dimensions[1]
	square := shapes.Make(dtypes.Int32, columns, columns)
	identity := ConvertDType(Equal(Iota(x.Graph(), square, 0), Iota(x.Graph(), square, 1)), x.DType())
	return DotGeneral(identity, []int{1}, nil, x, []int{1}, nil)
}

// compare is the product of every row of a with every row of b, matrix by
// matrix of a batch: [batch, m, width] x [batch, n, width] -> [batch, m, n].
func compare(a, b *Node) *Node {
	plain := func(a, b *Node) *Node { return DotGeneral(a, []int{2}, []int{0}, b, []int{2}, []int{0}) }
	if !derived(a) {
		return plain(a, b)
	}
	ofA := func(v *Node) *Node { return DotGeneral(v, []int{2}, []int{0}, b, []int{1}, []int{0}) }
	ofB := func(v *Node) *Node { return DotGeneral(v, []int{1}, []int{0}, a, []int{1}, []int{0}) }
	return given(b, func(b *Node) *Node {
		return given(a, func(a *Node) *Node { return plain(a, b) }, ofA)
	}, ofB)
}

// mix is the product of matrices, matrix by matrix of a batch: [batch, m, n] x
// [batch, n, width] -> [batch, m, width].
func mix(a, b *Node) *Node {
	plain := func(a, b *Node) *Node { return DotGeneral(a, []int{2}, []int{0}, b, []int{1}, []int{0}) }
	if !derived(a) {
		return plain(a, b)
	}
	ofA := func(v *Node) *Node { return DotGeneral(v, []int{2}, []int{0}, b, []int{2}, []int{0}) }
	ofB := func(v *Node) *Node { return DotGeneral(a, []int{1}, []int{0}, v, []int{1}, []int{0}) }
	return given(b, func(b *Node) *Node {
		return given(a, func(a *Node) *Node { return plain(a, b) }, ofA)
	}, ofB)
}

// spread repeats x n times on a new axis 1: [batch, width] -> [batch, n, width].
func spread(x *Node, n int) *Node {
	dims := x.Shape().Dimensions
	batch, width := dims[0], dims[1]
	if !isGo(x.Graph()) {
		return BroadcastToDims(ExpandAxes(x, 1), batch, n, width)
	}
	copies := func(x *Node) *Node {
		ones := Ones(x.Graph(), shapes.Make(x.DType(), batch, n, 1))
		return DotGeneral(ones, []int{2}, []int{0}, ExpandAxes(x, 1), []int{1}, []int{0})
	}
	return given(x, copies, func(v *Node) *Node {
		ones := Ones(v.Graph(), shapes.Make(v.DType(), batch, 1, n))
		return Reshape(DotGeneral(ones, []int{2}, []int{0}, v, []int{1}, []int{0}), batch, width)
	})
}

// rowMeans is the mean of every row: [rows, columns] -> [rows, 1].
func rowMeans(x *Node) *Node {
	columns := x.Shape().Dimensions[1]
	share := MulScalar(Ones(x.Graph(), shapes.Make(x.DType(), 1, columns)), 1/float64(columns))
	return DotGeneral(x, []int{1}, nil, share, []int{1}, nil)
}

// widened copies a column to n columns: [rows, 1] -> [rows, n].
func widened(column *Node, n int) *Node {
	return MatMul(column, Ones(column.Graph(), shapes.Make(column.DType(), 1, n)))
}
