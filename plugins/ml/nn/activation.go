package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
)

// ReLU is max(x, 0); its gradient at 0 is 0.
func ReLU(x *Node) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	plain := func(x *Node) *Node { return Max(x, zero) }
	if !isGo(x.Graph()) {
		return plain(x)
	}
	return given(x, plain, func(v *Node) *Node { return Where(GreaterThan(x, zero), v, ZerosLike(v)) })
}

// SiLU is x times its logistic function (Elfwing et al. 2018, eq. 5).
func SiLU(x *Node) *Node { return Mul(x, Logistic(x)) }

// GELU is x times the probability that a standard normal variable is below x
// (Hendrycks and Gimpel 2016, eq. 1), exactly and not by a tanh.
func GELU(x *Node) *Node { return activation.Gelu(x) }

// QuickGELU is x sigmoid(1.702 x), Hendrycks and Gimpel's approximation for
// speed (2016, section 2), which CLIP's published models are trained with.
func QuickGELU(x *Node) *Node { return Mul(x, Sigmoid(MulScalar(x, 1.702))) }

// GEGLU is a gated layer (Shazeer 2020, eq. 6): its projection is cut in two,
// and the first half is multiplied by the exact GELU of the second: [..., in]
// -> [..., out]. In published models the projection is called proj.
func GEGLU(p Params, x *Node, out int, initialize Initializer) *Node {
	both := Dense(p.In("proj"), x, 2*out, initialize)
	value := SliceAxis(both, -1, AxisRange(0, out))
	gate := SliceAxis(both, -1, AxisRange(out, 2*out))
	return p.Out(Mul(value, GELU(gate)))
}
