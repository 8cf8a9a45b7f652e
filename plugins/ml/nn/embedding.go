package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// TimestepEmbedding is the sinusoidal embedding of timesteps: [batch] ->
// [batch, width], first the cosines, then the sines, with frequencies falling
// geometrically from 1 to 1/10000 (Ho et al. 2020, after Vaswani et al. 2017).
func TimestepEmbedding(timesteps *Node, width int) *Node {
	g := timesteps.Graph()
	half := width / 2
	frequencies := make([]float32, half)
	for i := range frequencies {
		frequencies[i] = float32(math.Exp(-math.Log(10000) * float64(i) / float64(half)))
	}
	angles := Mul(ExpandAxes(timesteps, 1), ExpandAxes(Const(g, frequencies), 0)) // [batch, half]
	return Concatenate([]*Node{Cos(angles), Sin(angles)}, 1)
}
