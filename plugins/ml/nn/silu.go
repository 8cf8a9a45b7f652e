package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// SiLU is x times its logistic function (Elfwing et al. 2018, eq. 5).
func SiLU(x *Node) *Node { return Mul(x, Logistic(x)) }
