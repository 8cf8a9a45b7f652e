package compute

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
			fmt.Fprintf(w, "  %-9s not available\n            %s\n", name, firstLine(err))
		} else {
			fmt.Fprintf(w, "  %-9s available\n", name)
		}
	}
	if path := os.Getenv("PJRT_PLUGIN_LIBRARY_PATH"); path != "" {
		fmt.Fprintf(w, "  PJRT_PLUGIN_LIBRARY_PATH is %s\n", path)
	}
	backend, err := Open(Auto)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "  auto      is %s (%s)\n", backend.String(), backend.Description())
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

func ramp(n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i%17)/17 - 0.5
	}
	return values
}

// firstLine is the beginning of an error, short enough for a line of 80.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if runes := []rune(line); len(runes) > 66 {
		line = string(runes[:65]) + "…"
	}
	return line
}
