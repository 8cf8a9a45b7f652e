package nn

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// In16 is the same tree, computed in bfloat16: layers turn their weights into
// it, which stay float32 in the store, and so do gradients with respect to them
// (mixed precision, Micikevicius et al. 2018, section 3.1). Norms and the
// softmax of attention are computed in float32.
func (p Params) In16() Params {
	p.dtype = dtypes.BFloat16
	return p
}

// Cast turns the input of a network into what p is computed in.
func (p Params) Cast(x *Node) *Node {
	if p.dtype == dtypes.InvalidDType || x.DType() == p.dtype {
		return x
	}
	return ConvertDType(x, p.dtype)
}

// in32 is the same tree computed in float32.
func (p Params) in32() Params {
	p.dtype = dtypes.InvalidDType
	return p
}

// Float32 turns what was computed in another type into float32.
func Float32(x *Node) *Node {
	if x.DType() == dtypes.Float32 {
		return x
	}
	return ConvertDType(x, dtypes.Float32)
}

// like turns y into the type of x.
func like(y, x *Node) *Node {
	if y.DType() == x.DType() {
		return y
	}
	return ConvertDType(y, x.DType())
}
