package nn

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// TimestepEmbedding is the sinusoidal embedding of timesteps: [batch] ->
// [batch, width], first the cosines, then the sines, with frequencies falling
// geometrically from 1 to 1/10000 (Ho et al. 2020, after Vaswani et al. 2017).
func TimestepEmbedding(timesteps *Node, width int) *Node {
	half := width / 2
	frequencies := make([]float32, half)
	for i := range frequencies {
		frequencies[i] = float32(math.Exp(-math.Log(10000) * float64(i) / float64(half)))
	}
	return waves(timesteps, frequencies)
}

// PublishedTimestepEmbedding is TimestepEmbedding as published models were
// trained with it: there the exponents are float32 too. At timestep 999 that
// moves an angle by up to 1e-4. What is left to differ is the last bit of
// another library's exp.
func PublishedTimestepEmbedding(timesteps *Node, width int) *Node {
	half := width / 2
	frequencies := make([]float32, half)
	for i := range frequencies {
		exponent := float32(-math.Log(10000)) * float32(i) / float32(half)
		frequencies[i] = float32(math.Exp(float64(exponent)))
	}
	return waves(timesteps, frequencies)
}

// waves are the cosines, then the sines, of timesteps times frequencies:
// [batch] -> [batch, 2 frequencies].
func waves(timesteps *Node, frequencies []float32) *Node {
	angles := Mul(ExpandAxes(timesteps, 1), ExpandAxes(Const(timesteps.Graph(), frequencies), 0)) // [batch, frequencies]
	return Concatenate([]*Node{Cos(angles), Sin(angles)}, 1)
}
