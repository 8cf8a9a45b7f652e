package objective

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// normal draws n values from a standard normal distribution.
func normal(seed uint64, n int) []float32 {
	source := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(source.NormFloat64())
	}
	return out
}

// compute executes a graph once on the pure-Go backend.
func compute(t *testing.T, build func(inputs []*Node) *Node, inputs ...any) []float32 {
	t.Helper()
	backend := backendstest.Backend(t)
	output, err := ExecOnce(backend, build, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](output)
}

func close32(got float32, want float64) bool {
	return math.Abs(float64(got)-want) <= 1e-5*math.Max(1, math.Abs(want))
}

// TestDenoising: each image has its own mean, whatever the rank.
func TestDenoising(t *testing.T) {
	const batch, values = 3, 8
	prediction, target := normal(1, batch*values), normal(2, batch*values)
	for _, dims := range [][]int{{batch, values}, {batch, 2, 4}, {batch, 2, 2, 2}} {
		got := compute(t, func(inputs []*Node) *Node { return Denoising(inputs[0], inputs[1]) },
			tensors.FromFlatDataAndDimensions(prediction, dims...), tensors.FromFlatDataAndDimensions(target, dims...))
		if len(got) != batch {
			t.Fatalf("%v gives %d losses, want one an image", dims, len(got))
		}
		for i, v := range got {
			var want float64
			for j := i * values; j < (i+1)*values; j++ {
				d := float64(prediction[j]) - float64(target[j])
				want += d * d / values
			}
			if !close32(v, want) {
				t.Errorf("%v: image %d: %v, want %v", dims, i, v, want)
			}
		}
	}
	backend := backendstest.Backend(t)
	if _, err := ExecOnce(backend, func(a, b *Node) *Node { return Denoising(a, b) },
		tensors.FromFlatDataAndDimensions(prediction, 3, 8), tensors.FromFlatDataAndDimensions(target, 1, 24)); err == nil {
		t.Error("shapes that differ are compared")
	}
}
