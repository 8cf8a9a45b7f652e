// Package bench measures how fast Stable Diffusion's networks draw and train on
// a backend, with random weights of the published shapes: nothing has to be
// downloaded. At a tiny size it runs in seconds on any processor, so that a
// regression shows without an accelerator.
//
// It refuses to give a figure that it did not measure: what a backend cannot do
// in reasonable time or memory is said in words.
package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gomlx/compute"
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
)

// Options say what to measure.
type Options struct {
	Size    string // one of Sizes
	Backend string // as in HCL: "auto", "go", "xla:cpu", "xla:cuda"
	// Say is told each result as it comes, as a line of text; nil: nobody.
	Say func(line string)
	// Budget is how long each thing is repeated after it has been compiled; 0
	// means 5 seconds.
	Budget time.Duration
}

// Result is all that was measured.
type Result struct {
	Size      string     `json:"size"`
	Backend   string     `json:"backend"`
	Device    string     `json:"device"`
	Precision string     `json:"precision"` // of the networks' arithmetic
	OS        string     `json:"os"`
	Arch      string     `json:"arch"`
	CPUs      int        `json:"cpus"`
	Memory    string     `json:"memory"` // what peak_memory_bytes are of
	Matmul    []Matmul   `json:"matmul"`
	Sampling  []Sampling `json:"sampling"`
	Decoding  *Decoding  `json:"decoding,omitempty"`
	Training  []Training `json:"training"`
	Left      []string   `json:"left_out"` // what was not measured, and why
}

// Matmul is the speed of a square matrix product, as good as it gets.
type Matmul struct {
	Precision string  `json:"precision"`
	Size      int     `json:"size"`
	TFLOPs    float64 `json:"tflops"`
}

// Sampling is a solver's steps on a batch of images: with guidance, an iteration
// calls the denoising network on twice the batch.
type Sampling struct {
	Batch     int     `json:"batch"`
	Pixels    int     `json:"pixels"` // height and width
	Guided    bool    `json:"guided"`
	Compile   float64 `json:"compile_seconds"` // with the first iteration
	Seconds   float64 `json:"seconds_per_iteration"`
	PerSecond float64 `json:"iterations_per_second"`
	TFLOPs    float64 `json:"tflops"`
	Fraction  float64 `json:"fraction_of_matmul"`
	Peak      int64   `json:"peak_memory_bytes,omitempty"` // 0: not known
}

// Decoding is the decoder on one image's latents.
type Decoding struct {
	Pixels  int     `json:"pixels"`
	Compile float64 `json:"compile_seconds"`
	Seconds float64 `json:"seconds_per_image"`
	Peak    int64   `json:"peak_memory_bytes,omitempty"`
}

// Training is a step of AdamW on all weights of the denoising network, from
// cached latents and embeddings.
type Training struct {
	What     string  `json:"what"`
	Batch    int     `json:"batch"`
	Pixels   int     `json:"pixels"`
	Compile  float64 `json:"compile_seconds"` // with the first step
	Seconds  float64 `json:"seconds_per_step"`
	Images   float64 `json:"images_per_second"`
	TFLOPs   float64 `json:"tflops"`
	Fraction float64 `json:"fraction_of_matmul"`
	Peak     int64   `json:"peak_memory_bytes,omitempty"`
}

// run is a benchmark under way.
type run struct {
	Options
	size    Size
	backend compute.Backend
	result  *Result
	memory  *memory
}

// Run measures. What was measured before an error is in the result.
func Run(ctx context.Context, o Options) (*Result, error) {
	size, ok := sizeNamed(o.Size)
	if !ok {
		return nil, fmt.Errorf("there is no size %q to measure; there are %s", o.Size, strings.Join(Sizes(), ", "))
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Budget <= 0 {
		o.Budget = 5 * time.Second
	}
	backend, err := plumbcompute.Open(o.Backend)
	if err != nil {
		return nil, err
	}
	if size.Accelerator && backend.String() == plumbcompute.Go {
		// Weights are gigabytes; as much garbage again is more than many machines have.
		defer debug.SetGCPercent(debug.SetGCPercent(20))
	}
	r := &run{Options: o, size: size, backend: backend, memory: newMemory(backend)}
	defer r.memory.close()
	name, device := plumbcompute.Describe(backend)
	r.result = &Result{
		Size: size.Name, Backend: name, Device: device, Precision: "float32",
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Memory: r.memory.of,
	}
	if name == plumbcompute.XLACUDA {
		r.result.Precision = "float32, products in TF32"
	}
	r.say("%s on %s (%s), %s", size.Title, name, device, r.result.Precision)
	for _, part := range []func(context.Context) error{r.matmul, r.sampling, r.training} {
		if err := part(ctx); err != nil {
			return r.result, err
		}
	}
	r.leave("LoRA: fine-tuning of low rank is not part of the benchmark yet")
	return r.result, nil
}

func (r *run) say(format string, args ...any) { r.Say(fmt.Sprintf(format, args...)) }

// leave notes what is not measured.
func (r *run) leave(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.result.Left = append(r.result.Left, text)
	r.say("not measured: %s", text)
}

// fraction of the speed of matrix products.
func (r *run) fraction(tflops float64) float64 {
	if len(r.result.Matmul) == 0 || r.result.Matmul[0].TFLOPs == 0 {
		return 0
	}
	return tflops / r.result.Matmul[0].TFLOPs
}

// accelerated reports whether the backend computes on an accelerator.
func (r *run) accelerated() bool { return r.result.Backend == plumbcompute.XLACUDA }

// operations of the denoising network on a batch.
func (r *run) operations(batch int) (flops.Network, error) {
	counting, err := plumbcompute.Open(plumbcompute.Go)
	if err != nil {
		return flops.Network{}, err
	}
	one := r.size.UNet.Count(counting, 1, r.size.Latent, r.size.Latent, r.size.Tokens)
	one.Operations *= float64(batch)
	return one, nil
}

// exhausted reports whether a device had too little memory.
func exhausted(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "RESOURCE_EXHAUSTED") || strings.Contains(strings.ToLower(err.Error()), "out of memory"))
}

// errEnough ends a loop that has run for its budget.
var errEnough = errors.New("enough")
