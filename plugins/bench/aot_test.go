package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

// pythonVariable is the environment variable that names a Python with JAX's CUDA
// wheels, by which TestAOT compiles.
const pythonVariable = "PLUMB_AOT_PYTHON"

// compiledProgram is what aot/compile.py writes of a program. Memory is in bytes, as
// the compiler plans it.
type compiledProgram struct {
	Card      string         `json:"card"`
	Program   string         `json:"program"`
	Error     string         `json:"error"`
	Arguments int64          `json:"arguments"`
	Results   int64          `json:"results"`
	InPlace   int64          `json:"in_place"` // of the results
	Temporary int64          `json:"temporary"`
	Calls     map[string]int `json:"calls"`    // of libraries and of XLA's own, by name
	Products  map[string]int `json:"products"` // of cuBLAS, by the type of what is multiplied: "bf16"
}

// together is the memory that a program has while it runs.
func (c compiledProgram) together() int64 { return c.Arguments + c.Results - c.InPlace + c.Temporary }

// TestAOT: all programs of the benchmark compile for cards that are not there, in their
// memory; what a training step replaces is replaced in place; attention is fused where
// nn says that it is; products are in bfloat16, those of gradients, too.
func TestAOT(t *testing.T) {
	python := os.Getenv(pythonVariable)
	if python == "" {
		t.Skip(pythonVariable + " names no Python with JAX's CUDA wheels (4.4 GB; aot/README.md), so nothing is compiled for cards that are not there")
	}
	memory := map[string]int64{"h100": 80e9, "a100": 40e9}
	for size, fused := range map[string]int{Tiny: fusedTiny, SD15: fusedSD15} {
		t.Run(size, func(t *testing.T) {
			directory := t.TempDir()
			programs, err := Lower(t.Context(), Options{Size: size}, backends.XLACUDA, directory)
			if err != nil {
				t.Fatal(err)
			}
			numbers := filepath.Join(directory, "compiled.json")
			args := []string{filepath.Join("aot", "compile.py"), "--json", numbers, "--card", "h100", "--card", "a100"}
			for _, p := range programs {
				args = append(args, filepath.Join(directory, p.File))
			}
			out, failed := exec.CommandContext(t.Context(), python, args...).CombinedOutput()
			t.Logf("%s", out)
			text, err := os.ReadFile(numbers)
			if err != nil {
				t.Fatal(failed)
			}
			var all struct {
				Compiled []compiledProgram `json:"compiled"`
			}
			if err := json.Unmarshal(text, &all); err != nil {
				t.Fatal(err)
			}
			if want := len(programs) * len(memory); len(all.Compiled) != want || failed != nil {
				t.Errorf("%d programs were compiled, want %d: %v", len(all.Compiled), want, failed)
			}
			for _, c := range all.Compiled {
				if c.Error != "" {
					t.Errorf("%s does not compile for %s: %s", c.Program, c.Card, c.Error)
					continue
				}
				if got, most := c.together(), memory[c.Card]; got <= 0 || got > most {
					t.Errorf("%s for %s: %d bytes of %d", c.Program, c.Card, got, most)
				}
				if strings.Contains(c.Program, ".") { // not the case's largest
					continue
				}
				kind, _, _ := strings.Cut(c.Program, "-")
				training, drawing := kind == LoRA || kind == Full, kind == Sampling
				if training || drawing { // in bfloat16
					for of, count := range c.Products {
						if of != "bf16" {
							t.Errorf("%s for %s: %d products are in %s", c.Program, c.Card, count, of)
						}
					}
					if len(c.Products) == 0 {
						t.Errorf("%s for %s has no products", c.Program, c.Card)
					}
				}
				if training && float64(c.InPlace) < 0.99*float64(c.Results) {
					t.Errorf("%s for %s: of results of %d bytes %d are in place", c.Program, c.Card, c.Results, c.InPlace)
				}
				want := map[string]int{}
				if training || drawing {
					want["__cudnn$fmhaSoftmax"] = fused
				}
				if training {
					want["__cudnn$fmhaSoftmaxBackward"] = fused
				}
				for _, name := range []string{"__cudnn$fmhaSoftmax", "__cudnn$fmhaSoftmaxBackward"} {
					if c.Calls[name] != want[name] {
						t.Errorf("%s for %s: %d calls of %s, want %d", c.Program, c.Card, c.Calls[name], name, want[name])
					}
				}
			}
		})
	}
}
