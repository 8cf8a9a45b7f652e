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

// Health is what a backend is that opens, and how fast it is.
type Health struct {
	Backend  string      `json:"backend"`
	Device   string      `json:"device"`
	Plugin   *Candidate  `json:"plugin,omitempty"`
	API      string      `json:"pjrt_api,omitempty"` // the plugin's version of it
	Cache    string      `json:"cache,omitempty"`    // of compiled programs, in words; of several lines
	Passed   []Candidate `json:"passed,omitempty"`
	GPUs     []string    `json:"gpus,omitempty"`
	Products []Product   `json:"products"`
}

// Product is a product of matrices [Rows, Inner] [Inner, Columns], and how fast it is.
type Product struct {
	Name    string  `json:"name"`
	Rows    int     `json:"rows"`
	Inner   int     `json:"inner"`
	Columns int     `json:"columns"`
	GFLOPS  float64 `json:"gflops"` // 10^9 operations a second
}

// Doctor opens a backend and says which plugin it is, which were passed over, and how
// fast it multiplies matrices: five seconds, or one if quick. A backend that does not
// open is an error.
func Doctor(name string, quick bool) (Health, error) {
	choice, err := Choose(name)
	if err != nil {
		return Health{}, err
	}
	h := Health{Backend: choice.Name, Plugin: choice.Plugin, Passed: choice.Passed}
	_, h.Device = Describe(choice.Backend)
	if plugin := choice.Plugin; plugin != nil {
		h.API = apiVersion(choice.Backend)
		if library, err := identify(plugin.Path); err == nil && choice.Name == XLACUDA {
			var cache strings.Builder
			describeCache(&cache, cacheFor(library, os.Getenv, os.UserCacheDir))
			h.Cache = strings.TrimRight(cache.String(), "\n")
		}
	}
	if choice.Name == XLACUDA {
		h.GPUs = gpus()
	}
	h.Products, err = multiply(choice.Backend, quick)
	return h, err
}

// Write writes it for people.
func (h Health) Write(w io.Writer) {
	fmt.Fprintf(w, "  %-9s on %s\n", h.Backend, h.Device)
	if h.Plugin != nil {
		fmt.Fprintf(w, "            %s\n            from: %s, version %s of PJRT's API\n", h.Plugin.Path, h.Plugin.Source, h.API)
	}
	if h.Cache != "" {
		fmt.Fprintln(w, h.Cache)
	}
	for _, passed := range h.Passed {
		fmt.Fprintf(w, "            passed over: %s\n", passed)
	}
	for _, gpu := range h.GPUs {
		fmt.Fprintf(w, "            %s\n", gpu)
	}
	for _, p := range h.Products {
		fmt.Fprintf(w, "            %-25s [%d x %d] [%d x %d]: %.0f GFLOP/s\n", p.Name, p.Rows, p.Inner, p.Inner, p.Columns, p.GFLOPS)
	}
}

// multiply measures products of matrices.
func multiply(backend compute.Backend, quick bool) ([]Product, error) {
	budget := 1500 * time.Millisecond
	if quick {
		budget = 300 * time.Millisecond
	}
	all := []Product{
		{Name: "large matrix product", Rows: 1024, Inner: 1024, Columns: 1024},
		{Name: "product of a convolution", Rows: 4096, Inner: 576, Columns: 64},
		{Name: "product of a perceptron", Rows: 4096, Inner: 192, Columns: 384},
	}
	for i := range all {
		size := &all[i]
		product, err := NewExec(backend, func(x, y *Node) *Node { return MatMul(x, y) })
		if err != nil {
			return nil, err
		}
		x := tensors.FromFlatDataAndDimensions(ramp(size.Rows*size.Inner), size.Rows, size.Inner)
		y := tensors.FromFlatDataAndDimensions(ramp(size.Inner*size.Columns), size.Inner, size.Columns)
		if _, err := product.Exec(x, y); err != nil { // compiles
			return nil, err
		}
		runs, start := 0, time.Now()
		for time.Since(start) < budget {
			outputs, err := product.Exec(x, y)
			if err != nil {
				return nil, err
			}
			outputs[0].MustConstFlatData(func(any) {}) // waits for the device
			outputs[0].MustFinalizeAll()
			runs++
		}
		size.GFLOPS = 2 * float64(size.Rows*size.Inner*size.Columns) * float64(runs) / time.Since(start).Seconds() / 1e9
		product.Finalize()
	}
	return all, nil
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
