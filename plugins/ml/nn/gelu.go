package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
)

// GELU is x times the probability that a standard normal variable is below x
// (Hendrycks and Gimpel 2016, eq. 1), exactly and not by a tanh.
func GELU(x *Node) *Node { return activation.Gelu(x) }

// QuickGELU is x sigmoid(1.702 x), Hendrycks and Gimpel's approximation for
// speed (2016, section 2), which CLIP's published models are trained with.
func QuickGELU(x *Node) *Node { return Mul(x, Sigmoid(MulScalar(x, 1.702))) }
