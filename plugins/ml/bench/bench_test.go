package bench

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	plumbcompute "github.com/plumb-ml/plumb/plugins/ml/compute"
)

// TestTiny: every part is measured, the figures belong together, and what is
// left out is said.
func TestTiny(t *testing.T) {
	var said []string
	result, err := Run(t.Context(), Options{
		Size: Tiny, Backend: plumbcompute.Go, Budget: 10 * time.Millisecond,
		Say: func(line string) { said = append(said, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(strings.Join(said, "\n"))
	if len(result.Matmul) != 1 || !(result.Matmul[0].TFLOPs > 0) {
		t.Fatalf("products: %+v", result.Matmul)
	}
	if len(result.Sampling) != 2 || len(result.Training) != 2 || result.Decoding == nil {
		t.Fatalf("%+v", result)
	}
	for i, batch := range []int{1, 4} {
		s, tr := result.Sampling[i], result.Training[i]
		if s.Batch != batch || !s.Guided || s.Pixels != 64 || math.Abs(s.PerSecond*s.Seconds-1) > 1e-9 || s.Compile <= 0 {
			t.Errorf("sampling: %+v", s)
		}
		if math.Abs(s.Fraction*result.Matmul[0].TFLOPs-s.TFLOPs) > 1e-9 || s.Fraction <= 0 {
			t.Errorf("sampling: %+v of %+v", s, result.Matmul[0])
		}
		if tr.Batch != batch || math.Abs(tr.Images*tr.Seconds-float64(batch)) > 1e-9 || tr.Fraction <= 0 {
			t.Errorf("training: %+v", tr)
		}
		// A guided iteration has two calls an image, a training step three.
		calls := tr.TFLOPs * tr.Seconds / 3
		if iteration := s.TFLOPs * s.Seconds; math.Abs(iteration-2*calls) > 1e-9*iteration {
			t.Errorf("an iteration takes %g operations, a call %g", iteration, calls)
		}
	}
	if len(result.Left) != 1 || !strings.Contains(result.Left[0], "LoRA") {
		t.Errorf("left out: %q", result.Left)
	}
}

func TestUnknown(t *testing.T) {
	if _, err := Run(t.Context(), Options{Size: "sdxl", Backend: plumbcompute.Go}); err == nil || !strings.Contains(err.Error(), "sd15, tiny") {
		t.Errorf("error %v", err)
	}
	if _, err := Run(t.Context(), Options{Size: Tiny, Backend: "cuda"}); err == nil {
		t.Error("an unknown backend was opened")
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	result, err := Run(stopped, Options{Size: Tiny, Backend: plumbcompute.Go, Budget: time.Millisecond})
	if err == nil || result == nil || len(result.Matmul) != 1 {
		t.Errorf("a stopped run: %+v, %v", result, err)
	}
}

// TestRandomWeights are of the shapes that are asked for, and no signal dies.
func TestRandomWeights(t *testing.T) {
	size, _ := sizeNamed(Tiny)
	backend, err := plumbcompute.Open(plumbcompute.Go)
	if err != nil {
		t.Fatal(err)
	}
	needs := size.UNet.Weights(backend).Needs
	store, err := random(backend, needs)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Finalize()
	for _, need := range needs {
		values := tensors.MustCopyFlatData[float32](store.GetVariable("/" + need.Name).MustValue())
		var squares float64
		for _, v := range values {
			squares += float64(v) * float64(v)
		}
		bias := strings.HasSuffix(need.Name, "bias")
		if zero := squares == 0; zero != bias {
			t.Errorf("%s: squares add up to %g", need.Name, squares)
		}
	}
}

// What a regression shows in.
func benchmark(b *testing.B, part func(r *run) error) {
	backend, err := plumbcompute.Open(plumbcompute.Go)
	if err != nil {
		b.Fatal(err)
	}
	size, _ := sizeNamed(Tiny)
	for range b.N {
		r := &run{Options: Options{Say: func(string) {}, Budget: time.Second}, size: size, backend: backend, result: &Result{Backend: plumbcompute.Go}, memory: newMemory(backend)}
		if err := part(r); err != nil {
			b.Fatal(err)
		}
		for _, s := range r.result.Sampling {
			b.ReportMetric(s.PerSecond*float64(s.Batch), "image-it/s/batch"+string(rune('0'+s.Batch)))
		}
		for _, s := range r.result.Training {
			b.ReportMetric(s.Images, "images/s/batch"+string(rune('0'+s.Batch)))
		}
	}
}

func BenchmarkSampling(b *testing.B) {
	benchmark(b, func(r *run) error { return r.sampling(context.Background()) })
}

func BenchmarkTraining(b *testing.B) {
	benchmark(b, func(r *run) error { return r.training(context.Background()) })
}
