package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
)

// matmul measures square products: what the rest is held against.
func (r *run) matmul(context.Context) error {
	type kind struct {
		name  string
		dtype dtypes.DType
	}
	size, chain := 1024, 1
	kinds := []kind{{"float32", dtypes.Float32}}
	if r.accelerated() {
		size, chain = 8192, 8 // enough to hide what starting costs
		kinds = append(kinds, kind{"bfloat16", dtypes.BFloat16})
	}
	for _, k := range kinds {
		rate, err := r.product(size, chain, k.dtype)
		if err != nil {
			return fmt.Errorf("measure products in %s: %w", k.name, err)
		}
		name := k.name
		if r.result.Backend == plumbcompute.XLACUDA && k.dtype == dtypes.Float32 {
			name = "tf32"
		}
		r.result.Matmul = append(r.result.Matmul, Matmul{Precision: name, Size: size, TFLOPs: rate})
		r.say("matrix product %d x %d, %s: %s", size, size, name, tflopsText(rate))
	}
	return nil
}

// product is the speed of x w w w ... in 10^12 operations a second.
func (r *run) product(size, chain int, dtype dtypes.DType) (float64, error) {
	exec, err := NewExec(r.backend, func(x, w *Node) *Node {
		x, w = ConvertDType(x, dtype), ConvertDType(w, dtype)
		for range chain {
			x = MatMul(x, w)
		}
		return ConvertDType(ReduceAllMax(x), dtypes.Float32) // little to bring back
	})
	if err != nil {
		return 0, err
	}
	defer exec.Finalize()
	values := make([]float32, size*size)
	for i := range values {
		values[i] = (float32(i%17)/17 - 0.5) / float32(math.Sqrt(float64(size))) // powers stay in range
	}
	x, w := tensors.FromFlatDataAndDimensions(values, size, size), tensors.FromFlatDataAndDimensions(values, size, size)
	defer x.MustFinalizeAll()
	defer w.MustFinalizeAll()
	once := func() error {
		outputs, err := exec.Exec(x, w)
		if err != nil {
			return err
		}
		outputs[0].MustConstFlatData(func(any) {}) // waits for the device
		outputs[0].MustFinalizeAll()
		return nil
	}
	if err := once(); err != nil { // compiles
		return 0, err
	}
	seconds, err := r.repeat(once)
	return 2 * float64(chain) * math.Pow(float64(size), 3) / seconds / 1e12, err
}

// repeat runs something for the budget and returns the mean time of once.
func (r *run) repeat(once func() error) (seconds float64, err error) {
	n, start := 0, time.Now()
	for n == 0 || time.Since(start) < r.Budget {
		if err := once(); err != nil {
			return 0, err
		}
		n++
	}
	return time.Since(start).Seconds() / float64(n), nil
}

func tflopsText(tflops float64) string {
	if tflops < 1 {
		return fmt.Sprintf("%.3g GFLOP/s", 1000*tflops)
	}
	return fmt.Sprintf("%.3g TFLOP/s", tflops)
}
