package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
)

// needsXLA skips a test where no plugin is found: go-xla builds no program without one.
func needsXLA(t *testing.T) {
	t.Helper()
	backendstest.Only(t, backends.XLACPU)
}

// TestLower: the programs of all cases are written down for CUDA, each under the name
// of its case, without CUDA.
func TestLower(t *testing.T) {
	needsXLA(t)
	directory := filepath.Join(t.TempDir(), "made")
	var said []string
	programs, err := Lower(t.Context(), Options{Size: Tiny, Say: func(line string) { said = append(said, line) }}, backends.XLACUDA, directory)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, p := range programs {
		text, err := os.ReadFile(filepath.Join(directory, p.File))
		if err != nil || len(text) != p.Size {
			t.Fatalf("%+v: %d bytes, %v", p, len(text), err)
		}
		files[p.File] = string(text)
	}
	if found, _ := filepath.Glob(filepath.Join(directory, "*")); len(found) != len(programs) || len(said) != len(programs) {
		t.Errorf("%d programs, files %q, said %q", len(programs), found, said)
	}
	for _, test := range []struct {
		file             string
		fused, backwards int // calls of cuDNN's attention
		replaced         bool
	}{
		{file: "matmul-float32.mlir"}, {file: "matmul-bfloat16.mlir"}, {file: "decoding-batch1.mlir"},
		{file: "sampling-batch1.mlir", fused: fusedTiny}, {file: "sampling-batch8.mlir", fused: fusedTiny},
		{file: "lora-batch1.mlir", fused: fusedTiny, backwards: fusedTiny, replaced: true},
		{file: "full-batch1.mlir", fused: fusedTiny, backwards: fusedTiny, replaced: true},
	} {
		text := files[test.file]
		if !strings.Contains(text, "func.func @main") {
			t.Errorf("%s is no program", test.file)
		}
		if got := strings.Count(text, `"__cudnn$fmhaSoftmax"`); got != test.fused {
			t.Errorf("%s: %d calls of fused attention, want %d", test.file, got, test.fused)
		}
		if got := strings.Count(text, `"__cudnn$fmhaSoftmaxBackward"`); got != test.backwards {
			t.Errorf("%s: %d calls of its gradient, want %d", test.file, got, test.backwards)
		}
		if replaced := strings.Contains(text, "tf.aliasing_output"); replaced != test.replaced {
			t.Errorf("%s: inputs are replaced: %v", test.file, replaced)
		}
	}
}

// How many attentions cuDNN computes: those of tokens on themselves, with heads of a
// multiple of 8 and at most 128. A unet has two at each of three levels on its way
// down, one in the middle and three at each level on its way up, with heads of 2, 4, 8
// and in the middle 8 in the tiny one, and of 40, 80, 160 and 160 in Stable Diffusion's.
const (
	fusedTiny = 2 + 3 + 1
	fusedSD15 = 2*2 + 2*3
)

// TestLowerOnly: a part, for another backend, in another precision.
func TestLowerOnly(t *testing.T) {
	needsXLA(t)
	directory := t.TempDir()
	programs, err := Lower(t.Context(), Options{Size: Tiny, Only: []string{Full, Matmul}, Largest: 2}, backends.XLACPU, directory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range programs {
		names = append(names, p.File)
	}
	if want := []string{"matmul-float32.mlir", "full-batch1.mlir", "full-batch2.mlir"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if text, err := os.ReadFile(filepath.Join(directory, "full-batch1.mlir")); err != nil || bytes.Contains(text, []byte("cudnn")) || bytes.Contains(text, []byte("bf16")) {
		t.Errorf("for a processor, in float32: %v", err)
	}
}

// TestLowerIsCompiled: what is written down is what is compiled.
func TestLowerIsCompiled(t *testing.T) {
	needsXLA(t)
	compiled := t.TempDir()
	t.Setenv("PLUMB_XLA_PROGRAMS", compiled)
	t.Setenv(backends.CacheVariable, backends.CacheOff) // what is kept is not compiled
	c := Case{Kind: Decoding, Size: Tiny, Backend: backends.XLACPU, Precision: latentdiffusion.Float32, Batch: 1, Pixels: 128, Budget: time.Nanosecond, Least: 1}
	if _, err := Measure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	found, _ := filepath.Glob(filepath.Join(compiled, "*.mlir"))
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, text)
	}
	got, err := c.lower(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(want, bytes.Compare)
	slices.SortFunc(got, bytes.Compare)
	if len(want) == 0 || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("%d programs are written down, %d others compiled", len(got), len(want))
	}
}

func TestLowerRefuses(t *testing.T) {
	needsXLA(t)
	for backend, want := range map[string]string{backends.Go: `not for "go"`, "cuda": "xla:cpu and xla:cuda"} {
		if _, err := Lower(t.Context(), Options{Size: Tiny}, backend, t.TempDir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("for %s: %v", backend, err)
		}
	}
	if _, err := Lower(t.Context(), Options{Size: "sdxl"}, backends.XLACUDA, t.TempDir()); err == nil || !strings.Contains(err.Error(), "sd15, tiny") {
		t.Errorf("no such size: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Lower(t.Context(), Options{Size: Tiny}, backends.XLACUDA, file); err == nil {
		t.Error("programs were written into a file")
	}
}
