package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// GEGLU is a gated layer (Shazeer 2020, eq. 6): its projection is cut in two,
// and the first half is multiplied by the exact GELU of the second: [..., in]
// -> [..., out]. In published models the projection is called proj.
func GEGLU(p Params, x *Node, out int, initialize Initializer) *Node {
	both := Dense(p.In("proj"), x, 2*out, initialize)
	value := SliceAxis(both, -1, AxisRange(0, out))
	gate := SliceAxis(both, -1, AxisRange(out, 2*out))
	return p.Out(Mul(value, GELU(gate)))
}
