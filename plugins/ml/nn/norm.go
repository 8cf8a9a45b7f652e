package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
	gomlxnn "github.com/gomlx/gomlx/ml/nn"
)

// LayerNorm normalizes the last axis and applies a learned scale and shift (Ba
// et al. 2016, eq. 4): [..., width].
func LayerNorm(p Params, x *Node) *Node { return LayerNormWith(p, x, normEpsilon) }

// LayerNormWith is LayerNorm with an epsilon of the model's own.
func LayerNormWith(p Params, x *Node, epsilon float64) *Node {
	g := x.Graph()
	dims := x.Shape().Dimensions
	width := dims[len(dims)-1]
	original := x
	p, x = p.in32(), Float32(x)
	scale := p.Weight(g, "weight", OnesInit, width)
	shift := p.Weight(g, "bias", ZerosInit, width)
	rows := Reshape(normalize(x, epsilon), 1, -1, width)
	rows = Mul(rows, spread(Reshape(scale, 1, width), rows.Shape().Dimensions[1]))
	return like(addBias(Reshape(rows, dims...), shift), original)
}

// Modulate scales and shifts the tokens of an example alike: x, [batch, tokens,
// width], times 1 + scale, plus shift, both [batch, width].
func Modulate(x, scale, shift *Node) *Node {
	tokens := x.Shape().Dimensions[1]
	return Add(Mul(x, spread(AddScalar(scale, 1), tokens)), spread(shift, tokens))
}

// normEpsilon is added to the variance where a model does not say another.
const normEpsilon = 1e-5

// Normalize brings the last axis to mean 0 and variance 1: [..., width].
func Normalize(x *Node) *Node { return normalize(x, normEpsilon) }

func normalize(x *Node, epsilon float64) *Node {
	plain := func(x *Node) *Node { return gomlxnn.LayerNorm(x, []int{-1}, epsilon, nil, nil, nil) }
	if !isGo(x.Graph()) {
		return plain(x)
	}
	dims := x.Shape().Dimensions
	width := dims[len(dims)-1]
	rows := Reshape(x, -1, width)
	var y *Node
	build := func(rows *Node) *Node {
		y = plain(rows)
		return y
	}
	return Reshape(given(rows, build, func(v *Node) *Node {
		// With y = (x - mean) / deviation:
		// dx = (dy - mean(dy) - y mean(dy y)) / deviation.
		centered := Sub(rows, widened(rowMeans(rows), width))
		variance := rowMeans(Mul(centered, centered))
		inverse := Inverse(Sqrt(AddScalar(variance, epsilon)))
		along := Mul(y, widened(rowMeans(Mul(v, y)), width))
		return Mul(Sub(Sub(v, widened(rowMeans(v), width)), along), widened(inverse, width))
	}), dims...)
}
