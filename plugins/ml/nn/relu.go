package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
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
