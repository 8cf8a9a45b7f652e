package backends

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Doctor writes which backends are there, which one auto would be, and how
// fast it multiplies matrices. The check takes about ten seconds, or two if
// quick.
func Doctor(w io.Writer, quick bool) error {
	for _, name := range []string{XLACUDA, XLACPU, Go} {
		if _, err := Open(name); err != nil {
			fmt.Fprintf(w, "  %-9s not available\n            %s\n", name, firstLine(strings.TrimPrefix(err.Error(), "backend "+name+": ")))
		} else {
			fmt.Fprintf(w, "  %-9s available\n", name)
		}
	}
	describeCUDA(w)
	backend, err := Open(Auto)
	if err != nil {
		return err
	}
	name, device := Describe(backend)
	fmt.Fprintf(w, "  auto      is %s on %s\n            %s\n", name, device, firstLine(backend.Description()))
	budget := 3 * time.Second
	if quick {
		budget = 600 * time.Millisecond
	}
	for _, size := range []struct {
		name             string
		rows, inner, out int
	}{
		{"large matrix product", 1024, 1024, 1024},
		{"product of a convolution", 4096, 576, 64},
		{"product of a perceptron", 4096, 192, 384},
	} {
		product, err := NewExec(backend, func(x, y *Node) *Node { return MatMul(x, y) })
		if err != nil {
			return err
		}
		x := tensors.FromFlatDataAndDimensions(ramp(size.rows*size.inner), size.rows, size.inner)
		y := tensors.FromFlatDataAndDimensions(ramp(size.inner*size.out), size.inner, size.out)
		if _, err := product.Exec(x, y); err != nil { // compiles
			return err
		}
		runs, start := 0, time.Now()
		for time.Since(start) < budget {
			outputs, err := product.Exec(x, y)
			if err != nil {
				return err
			}
			outputs[0].MustConstFlatData(func(any) {}) // waits for the device
			outputs[0].MustFinalizeAll()
			runs++
		}
		rate := 2 * float64(size.rows*size.inner*size.out) * float64(runs) / time.Since(start).Seconds() / 1e9
		fmt.Fprintf(w, "  %-25s [%d x %d] [%d x %d]: %.0f GFLOP/s\n", size.name, size.rows, size.inner, size.inner, size.out, rate)
		product.Finalize()
	}
	return nil
}

// describeCUDA writes what there is of what xla:cuda needs: a GPU, and a plugin.
func describeCUDA(w io.Writer) {
	found := gpus()
	for _, gpu := range found {
		fmt.Fprintf(w, "  GPU       %s\n", gpu)
	}
	if len(found) == 0 {
		fmt.Fprintln(w, "  GPU       none: nvidia-smi lists none, and there is no /dev/nvidia0")
	}
	path := os.Getenv(PJRTPathVariable)
	switch plugin := findCUDA(path); {
	case plugin != "":
		fmt.Fprintf(w, "  CUDA      %s\n", plugin)
		if library, err := identify(plugin); err == nil {
			describeCache(w, cacheFor(library, os.Getenv, os.UserCacheDir))
		}
	case path != "":
		fmt.Fprintf(w, "  CUDA      no plugin on %s, which is %s\n", PJRTPathVariable, path)
	default:
		fmt.Fprintf(w, "  CUDA      no plugin is named: --pjrt or %s,\n            with pjrt_c_api_cuda_plugin.so, or xla_cuda_plugin.so of JAX's CUDA\n            wheel, or the directory of either\n", PJRTPathVariable)
	}
}

func ramp(n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i%17)/17 - 0.5
	}
	return values
}

// firstLine is the beginning of a text, short enough for a line of 80.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > 66 {
		line = string(runes[:65]) + "…"
	}
	return line
}
