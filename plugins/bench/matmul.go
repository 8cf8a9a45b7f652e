package bench

import (
	"context"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// matmul measures square products, x w w w ...: what the rest is held against.
func (b *bench) matmul(context.Context) (*Measured, error) {
	size, chain := 1024, 1
	if name, _ := backends.Describe(b.backend); name == backends.XLACUDA {
		size, chain = 8192, 8 // enough to hide what starting costs
	}
	dtype := dtypes.Float32
	if b.in16() {
		dtype = dtypes.BFloat16
	}
	exec, err := NewExec(b.backend, func(x, w *Node) *Node {
		x, w = ConvertDType(x, dtype), ConvertDType(w, dtype)
		for range chain {
			x = MatMul(x, w)
		}
		return ConvertDType(ReduceAllMax(x), dtypes.Float32) // little to bring back
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	values := make([]float32, size*size)
	for i := range values {
		values[i] = (float32(i%17)/17 - 0.5) / float32(math.Sqrt(float64(size))) // powers stay in range
	}
	x, w := tensors.FromFlatDataAndDimensions(values, size, size), tensors.FromFlatDataAndDimensions(values, size, size)
	defer x.MustFinalizeAll()
	defer w.MustFinalizeAll()
	t, err := b.repeat(func() error {
		outputs, err := exec.Exec(x, w)
		if err != nil {
			return err
		}
		outputs[0].MustConstFlatData(func(any) {}) // waits for the device
		outputs[0].MustFinalizeAll()
		return nil
	})
	return &Measured{Timing: t, Operations: 2 * float64(chain) * math.Pow(float64(size), 3)}, err
}
