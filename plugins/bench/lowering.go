package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Program is one that a case compiles, written down as StableHLO.
type Program struct {
	Case string // "sampling-batch1"
	File string // its name in the directory
	Size int    // bytes
}

// Lower writes into a directory the programs that the cases would have a backend
// compile, xla:cpu or xla:cuda, as StableHLO: what is computed is what Run measures,
// but nothing is computed, and the backend need not be there (backends.OpenLowering).
// The largest program of a case is called by it, sampling-batch1.mlir, and the next
// ones sampling-batch1.1.mlir and so on. Of training all weights there is the
// first batch alone, unless Options.Largest says how far it is to be doubled.
func Lower(ctx context.Context, o Options, backend, directory string) ([]Program, error) {
	o.Backend, o.Budget, o.Least = backend, 1, 1 // once is enough
	r, err := newRun(o)
	if err != nil {
		return nil, err
	}
	if r.Precision == "" {
		r.Precision = latentdiffusion.Float32
		if backend == backends.XLACUDA {
			r.Precision = latentdiffusion.BFloat16
		}
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	largest := r.size.First
	if o.Largest > 0 {
		largest = r.size.Largest
	}
	var all []Program
	for _, c := range r.cases(largest) {
		lowered, err := c.lower(ctx)
		if err != nil {
			return all, fmt.Errorf("%s: %w", c.text(), err)
		}
		for i, l := range lowered {
			file := c.name() + ".mlir"
			if i > 0 {
				file = fmt.Sprintf("%s.%d.mlir", c.name(), i)
			}
			if err := atomicfile.Write(filepath.Join(directory, file), l); err != nil {
				return all, err
			}
			r.say("%s: %.1f kB", file, float64(len(l))/1000)
			all = append(all, Program{Case: c.name(), File: file, Size: len(l)})
		}
	}
	return all, nil
}

// cases are all that are asked for, with training of all weights up to a batch.
func (r *run) cases(largest int) []Case {
	var all []Case
	if r.wants(Matmul) {
		all = append(all, r.a(Matmul, latentdiffusion.Float32))
		if r.Precision != latentdiffusion.Float32 {
			all = append(all, r.a(Matmul, r.Precision))
		}
	}
	if r.wants(Sampling) {
		for _, batch := range r.size.Sampling {
			all = append(all, r.drawing(batch))
		}
	}
	if r.wants(Decoding) {
		all = append(all, r.decodingOne())
	}
	if r.wants(LoRA) {
		all = append(all, r.trainingAdapters())
	}
	if r.wants(Full) {
		for batch := r.size.First; batch <= largest; batch *= 2 {
			all = append(all, r.trainingAll(batch))
		}
	}
	return all
}

// name is what files of a case are called: "lora-batch1".
func (c Case) name() string {
	if c.Kind == Matmul {
		return c.Kind + "-" + c.Precision
	}
	return fmt.Sprintf("%s-batch%d", c.Kind, c.Batch)
}

// lower is the text of each program that the case compiles, the longest first.
func (c Case) lower(ctx context.Context) ([][]byte, error) {
	var programs [][]byte
	seen := map[[sha256.Size]byte]bool{}
	backend, err := backends.OpenLowering(c.Backend, func(program []byte) error {
		if sum := sha256.Sum256(program); !seen[sum] {
			seen[sum] = true
			programs = append(programs, program)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	if _, err := c.on(backend, nil).measure(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(programs, func(a, b []byte) int { return len(b) - len(a) })
	return programs, nil
}
