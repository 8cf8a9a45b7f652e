package backends

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gomlx/compute"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Doctor opens a backend and writes which plugin it is, which were passed over, and
// how fast it multiplies matrices: five seconds, or one if quick. A backend that
// does not open is an error.
func Doctor(w io.Writer, name string, quick bool) error {
	choice, err := Choose(name)
	if err != nil {
		return err
	}
	_, device := Describe(choice.Backend)
	fmt.Fprintf(w, "  %-9s on %s\n", choice.Name, device)
	if plugin := choice.Plugin; plugin != nil {
		fmt.Fprintf(w, "            %s\n            from: %s, version %s of PJRT's API\n", plugin.Path, plugin.Source, apiVersion(choice.Backend))
		if library, err := identify(plugin.Path); err == nil && choice.Name == XLACUDA {
			describeCache(w, cacheFor(library, os.Getenv, os.UserCacheDir))
		}
	}
	for _, passed := range choice.Passed {
		fmt.Fprintf(w, "            passed over: %s\n", passed)
	}
	if choice.Name == XLACUDA {
		for _, gpu := range gpus() {
			fmt.Fprintf(w, "            %s\n", gpu)
		}
	}
	return multiply(w, choice.Backend, quick)
}

// multiply measures products of matrices.
func multiply(w io.Writer, backend compute.Backend, quick bool) error {
	budget := 1500 * time.Millisecond
	if quick {
		budget = 300 * time.Millisecond
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
		fmt.Fprintf(w, "            %-25s [%d x %d] [%d x %d]: %.0f GFLOP/s\n", size.name, size.rows, size.inner, size.inner, size.out, rate)
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

// firstLine is the beginning of a text, short enough for a line of 80.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > 66 {
		line = string(runes[:65]) + "…"
	}
	return line
}
