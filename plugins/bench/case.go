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
	memory  *memory
}

// Measure measures a case in this process.
func Measure(ctx context.Context, c Case) (*Measured, error) {
	size, ok := sizeNamed(c.Size)
	if !ok {
		return nil, fmt.Errorf("there is no size %q to measure; there are %s", c.Size, strings.Join(Sizes(), ", "))
	}
	if c.Pixels > 0 {
		size.Latent = c.Pixels / size.VAE.Factor()
	}
	if !slices.Contains(Precisions(), c.Precision) {
		return nil, fmt.Errorf("there is no precision %q to measure in; there are %s", c.Precision, strings.Join(Precisions(), ", "))
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
	b := &bench{Case: c, size: size, backend: backend, memory: newMemory(backend)}
	defer b.memory.close()
	b.memory.reset()
	measure, ok := map[string]func(context.Context) (*Measured, error){
		Matmul: b.matmul, Sampling: b.sampling, Decoding: b.decoding, LoRA: b.training, Full: b.training,
	}[c.Kind]
	if !ok {
		return nil, fmt.Errorf("there is no case %q to measure; there are %s", c.Kind, strings.Join(Kinds(), ", "))
	}
	m, err := measure(ctx)
	if err != nil {
		return nil, err
	}
	m.Backend, m.Device = name, device
	m.Peak, m.Memory = b.memory.peak(), b.memory.of
	return m, nil
}

// Precisions that a case can be measured in.
func Precisions() []string { return []string{latentdiffusion.Float32, latentdiffusion.BFloat16} }

// in16 reports whether the case is computed in bfloat16.
func (c Case) in16() bool { return c.Precision == latentdiffusion.BFloat16 }
