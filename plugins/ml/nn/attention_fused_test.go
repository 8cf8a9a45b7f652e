package nn

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// TestAttendInHalfPrecision holds attention in bfloat16, forward and backward, to
// float32; where the backend is CUDA, cuDNN's operation to ours. It also counts
// that cuDNN's is there where it is to be, and nowhere else.
func TestAttendInHalfPrecision(t *testing.T) {
	const batch, tokens, heads, head = 2, 16, 2, 8
	query, key, value := random(1, batch, tokens, heads*head), random(2, batch, tokens, heads*head), random(3, batch, tokens, heads*head)
	// direction makes all outputs count in the gradient, by different amounts.
	direction := random(4, batch, tokens, heads*head)
	var fused int
	results := func(dtype dtypes.DType) []array {
		fused = 0
		return run(t, model.NewStore(), func(in []*Node) []*Node {
			cast := func(x *Node) *Node { return ConvertDType(x, dtype) }
			y := Float32(Attend(cast(in[0]), cast(in[1]), cast(in[2]), heads, nil))
			for _, node := range y.Graph().Nodes() {
				if node.Type() == NodeTypeFusedScaledDotProductAttention {
					fused++
				}
			}
			return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, in[3])), in[0], in[1], in[2])...)
		}, query, key, value, direction)
	}
	want := results(dtypes.Float32)
	if fused != 0 {
		t.Errorf("%d fused attentions in float32", fused)
	}
	got := results(dtypes.BFloat16)
	expected := 0
	if backendstest.Name() == "xla:cuda" {
		expected = 1
	}
	if fused != expected {
		t.Errorf("%d fused attentions in bfloat16, want %d", fused, expected)
	}
	for i, name := range []string{"output", "gradient of query", "gradient of key", "gradient of value"} {
		var off, all float64
		for j, w := range want[i].data {
			off += math.Pow(float64(got[i].data[j]-w), 2)
			all += float64(w) * float64(w)
		}
		if relative := math.Sqrt(off / all); relative > 0.02 || math.IsNaN(relative) {
			t.Errorf("%s: relative error %.3g", name, relative)
		}
	}
}

// TestFusable: attention on other tokens, with a mask, of wide heads or in float32
// is written out on every backend.
func TestFusable(t *testing.T) {
	run(t, model.NewStore(), func(in []*Node) []*Node {
		half := func(x *Node) *Node { return ConvertDType(x, dtypes.BFloat16) }
		own, other := half(in[0]), half(in[1])
		for name, fuses := range map[string]bool{
			"on other tokens": fits(own, other, 2, nil),
			"with a mask":     fits(own, own, 2, CausalMask(own.Graph(), 16)),
			"of wide heads":   fits(own, own, 1, nil),
			"of odd heads":    fits(own, own, 64, nil),
			"in float32":      fits(in[0], in[0], 2, nil),
		} {
			if fuses {
				t.Errorf("attention %s is fused", name)
			}
		}
		if !fits(own, own, 4, nil) {
			t.Error("self-attention in bfloat16 is not what cuDNN has")
		}
		if fuses := fusable(own, own, 4, nil); fuses != (backendstest.Name() == "xla:cuda") {
			t.Errorf("self-attention in bfloat16 is fused: %v", fuses)
		}
		return []*Node{OnePlus(in[0]), OnePlus(in[1])}
	}, random(1, 1, 16, 256), random(2, 1, 4, 256))
}
