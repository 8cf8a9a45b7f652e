package nn

import (
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// widestFused is the width of a head up to which cuDNN has fused attention on
// every GPU that computes in bfloat16.
const widestFused = 128

// fusable reports whether attention is left to cuDNN, which never holds all the
// logits: on CUDA, where it is of a kind that cuDNN has.
func fusable(query, key *Node, heads int, mask *Node) bool {
	return fits(query, key, heads, mask) && strings.Contains(strings.ToLower(query.Graph().Backend().Description()), "cuda")
}

// fits reports whether cuDNN has fused attention of this kind: in half precision,
// of tokens on themselves. For attention on other tokens than these, go-xla v0.4.1
// declares its results as if they were as many.
func fits(query, key *Node, heads int, mask *Node) bool {
	head := query.Shape().Dimensions[2] / heads
	return mask == nil && query.DType().IsHalfPrecision() && query.Shape().Equal(key.Shape()) && head%8 == 0 && head <= widestFused
}

// attendFused is Attend by the backend's own operation, forward and backward.
// decomposed is what it takes the place of, which GOMLX_FUSION=0 brings back.
func attendFused(query, key, value *Node, heads int, decomposed func() *Node) *Node {
	dims := query.Shape().Dimensions
	split := func(x *Node) *Node { return Reshape(x, dims[0], dims[1], heads, dims[2]/heads) }
	out, _ := InternalFusedOpCaller(func() *Node {
		y, _ := BackendFusedScaledDotProductAttention(split(query), split(key), split(value), compute.AttentionAxesLayoutBSHD, nil)
		return Reshape(y, dims...)
	}, decomposed, false)
	return out
}
