package bench

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
)

// The kinds of cases, in the order in which they are measured.
const (
	Matmul   = "matmul"   // square matrix products
	Sampling = "sampling" // steps of a solver
	Decoding = "decoding" // latents to an image
	LoRA     = "lora"     // training steps of adapters
	Full     = "full"     // training steps of all weights of the denoising network
)

// Kinds lists the kinds of cases.
func Kinds() []string { return []string{Matmul, Sampling, Decoding, LoRA, Full} }

// Case is one thing to measure, whole: it can be measured in a process of its
// own, so that one does not find the memory that another one took, and one that
// is killed because memory ran out does not end the rest.
type Case struct {
	Kind      string        `json:"kind"`
	Size      string        `json:"size"`
	Backend   string        `json:"backend"` // as in HCL: "auto", "go", "xla:cpu", "xla:cuda"
	Precision string        `json:"precision"`
	Batch     int           `json:"batch,omitempty"`
	Pixels    int           `json:"pixels,omitempty"` // height and width of images
	Guided    bool          `json:"guided,omitempty"`
	Rank      int           `json:"rank,omitempty"`                   // of LoRA
	Recompute bool          `json:"gradient_checkpointing,omitempty"` // of training
	Budget    time.Duration `json:"budget"`
	Least     int           `json:"least_repetitions,omitempty"`
}

// Measured is what a case came to.
type Measured struct {
	Timing         // of one iteration, step, image or chain of products
	Backend string `json:"backend"` // in the words of HCL
	Device  string `json:"device"`
	// Operations that were timed, two for a multiply and add, as they are counted
	// in the graph of the forward pass; a gradient checkpoint's second forward pass
	// is not among them.
	Operations float64 `json:"operations"`
	Peak       int64   `json:"peak_memory_bytes"` // 0: not known
	Memory     string  `json:"memory"`            // what Peak is of
}

// rate in 10^12 operations a second.
func (m *Measured) rate() float64 { return m.Operations / m.Seconds / 1e12 }

// bench is a case under way.
type bench struct {
	Case
	size    Size
	backend compute.Backend
	fill    func(need nn.Named, out []float32) // of weights; nil: they are zero
}

// Measure measures a case in this process.
func Measure(ctx context.Context, c Case) (*Measured, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	backend, err := backends.Open(c.Backend)
	if err != nil {
		return nil, err
	}
	name, device := backends.Describe(backend)
	if name == backends.Go {
		// Weights are gigabytes; as much garbage again is more than many machines have.
		defer debug.SetGCPercent(debug.SetGCPercent(20))
	}
	memory := newMemory(backend)
	defer memory.close()
	memory.reset()
	m, err := c.on(backend, fill).measure(ctx)
	if err != nil {
		return nil, err
	}
	m.Backend, m.Device = name, device
	m.Peak, m.Memory = memory.peak(), memory.of
	return m, nil
}

// check refuses a case that there is not.
func (c Case) check() error {
	switch {
	case !slices.Contains(Sizes(), c.Size):
		return fmt.Errorf("there is no size %q to measure; there are %s", c.Size, strings.Join(Sizes(), ", "))
	case !slices.Contains(Precisions(), c.Precision):
		return fmt.Errorf("there is no precision %q to measure in; there are %s", c.Precision, strings.Join(Precisions(), ", "))
	case !slices.Contains(Kinds(), c.Kind):
		return fmt.Errorf("there is no case %q to measure; there are %s", c.Kind, strings.Join(Kinds(), ", "))
	}
	return nil
}

// on is the case on a backend.
func (c Case) on(backend compute.Backend, fill func(need nn.Named, out []float32)) *bench {
	b := &bench{Case: c, backend: backend, fill: fill}
	b.size, _ = sizeNamed(c.Size) // check has seen it
	if c.Pixels > 0 {
		b.size.Latent = c.Pixels / b.size.VAE.Factor()
	}
	return b
}

// measure times the case, and counts its operations.
func (b *bench) measure(ctx context.Context) (*Measured, error) {
	switch b.Kind {
	case Matmul:
		return b.matmul(ctx)
	case Sampling:
		return b.sampling(ctx)
	case Decoding:
		return b.decoding(ctx)
	}
	return b.training(ctx)
}

// Precisions that a case can be measured in.
func Precisions() []string { return []string{latentdiffusion.Float32, latentdiffusion.BFloat16} }

// in16 reports whether the case is computed in bfloat16.
func (c Case) in16() bool { return c.Precision == latentdiffusion.BFloat16 }
