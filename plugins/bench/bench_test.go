package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/flops"
	"github.com/plumb-ml/plumb/plugins/ml/latentdiffusion"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// quick measures as little as makes a figure.
func quick(change func(o *Options)) Options {
	o := Options{Size: Tiny, Backend: backendstest.Name(), Budget: time.Millisecond, Least: 1, Batches: []int{1, 2}, Largest: 2, Rank: 4}
	if change != nil {
		change(&o)
	}
	return o
}

// TestTiny: every case is measured as the product runs it, and the figures belong
// together.
func TestTiny(t *testing.T) {
	backendstest.SkipLong(t)
	var said []string
	result, err := Run(t.Context(), quick(func(o *Options) { o.Say = func(line string) { said = append(said, line) } }))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(strings.Join(said, "\n"))
	if len(result.Matmul) != 1 || !(result.Matmul[0].TFLOPs > 0) {
		t.Fatalf("products: %+v", result.Matmul)
	}
	if len(result.Sampling) != 2 || len(result.Training) != 3 || len(result.Decoding) != 1 || len(result.Left) != 0 || len(result.Failed) != 0 {
		t.Fatalf("%+v", result)
	}
	if want := (Fits{Largest: 2, Limit: 2}); *result.Fits != want {
		t.Errorf("fits: %+v, want %+v", *result.Fits, want)
	}
	size, _ := sizeNamed(Tiny)
	backend, err := backends.Open(backends.Go) // where operations are counted
	if err != nil {
		t.Fatal(err)
	}
	call := size.UNet.Count(backend, 1, size.Latent, size.Latent, size.conditions()).Operations
	check := func(name string, f Figures, operations float64) {
		t.Helper()
		if f.Seconds <= 0 || f.Low > f.Seconds || f.High < f.Seconds || f.Repetitions < 1 || f.Compile < 0 || f.Pixels != 64 || f.Precision != "float32" || f.Peak < 1<<20 {
			t.Errorf("%s: %+v", name, f)
		}
		if got := f.TFLOPs * 1e12 * f.Seconds; math.Abs(got-operations) > 1e-9*operations {
			t.Errorf("%s: %g operations, want %g", name, got, operations)
		}
		if math.Abs(f.Fraction*result.Matmul[0].TFLOPs-f.TFLOPs) > 1e-9 {
			t.Errorf("%s: %+v of %+v", name, f, result.Matmul[0])
		}
	}
	for i, batch := range []int{1, 2} {
		s := result.Sampling[i]
		check("sampling", s.Figures, 2*float64(batch)*call) // a guided iteration has two calls an image
		if s.Batch != batch || !s.Guided || math.Abs(s.PerSecond*s.Seconds-1) > 1e-9 {
			t.Errorf("sampling: %+v", s)
		}
	}
	check("decoding", result.Decoding[0].Figures, size.decoding(backend).Operations)
	for i, want := range []Training{
		{What: LoRA, Rank: 4, Figures: Figures{Batch: 1, TFLOPs: adapterFactor}},
		{What: Full, Figures: Figures{Batch: 1, TFLOPs: flops.TrainingFactor}},
		{What: Full, Figures: Figures{Batch: 2, TFLOPs: flops.TrainingFactor}},
	} {
		got := result.Training[i]
		check(want.What, got.Figures, want.TFLOPs*float64(want.Batch)*call)
		if got.What != want.What || got.Rank != want.Rank || got.Batch != want.Batch || math.Abs(got.Images*got.Seconds-float64(want.Batch)) > 1e-9 {
			t.Errorf("training: %+v", got)
		}
	}
}

// TestHalf: cases run in bfloat16 and with gradient checkpointing, too, and take
// as many operations.
func TestHalf(t *testing.T) {
	backendstest.SkipLong(t)
	for _, kind := range []string{Matmul, Sampling, LoRA, Full} {
		c := Case{Kind: kind, Size: Tiny, Backend: backendstest.Name(), Batch: 1, Pixels: 64, Rank: 2, Budget: time.Millisecond, Least: 1, Precision: latentdiffusion.Float32}
		whole, err := Measure(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		c.Precision, c.Recompute = latentdiffusion.BFloat16, true
		half, err := Measure(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if whole.Operations != half.Operations || half.Seconds <= 0 || half.Backend != backendstest.Name() {
			t.Errorf("%s: %+v and %+v", kind, whole, half)
		}
	}
}

// TestOptions: what is asked for is what is measured, down to the case.
func TestOptions(t *testing.T) {
	var cases []Case
	o := quick(func(o *Options) {
		o.Only, o.Precision, o.Pixels, o.Recompute = []string{LoRA, Sampling}, latentdiffusion.BFloat16, 128, true
		o.Measure = func(_ context.Context, c Case) (*Measured, error) {
			cases = append(cases, c)
			return &Measured{Timing: Timing{Seconds: 1}, Backend: backends.XLACUDA, Operations: 1e12}, nil
		}
	})
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range cases {
		names = append(names, c.text())
		if c.Kind != Matmul && (c.Precision != latentdiffusion.BFloat16 || c.Pixels != 128) || c.Budget != time.Millisecond || c.Least != 1 {
			t.Errorf("%+v", c)
		}
	}
	want := []string{
		"matrix products in float32", "matrix products in bfloat16", "sampling, batch 1, guided", "sampling, batch 2, guided",
		"training LoRA of rank 4 with gradient checkpointing, batch 1",
	}
	if !slices.Equal(names, want) {
		t.Errorf("cases %q, want %q", names, want)
	}
	if result.Fits != nil || result.Training[0].Fraction != 1 || !result.Training[0].Recompute {
		t.Errorf("%+v", result)
	}
	// On an accelerator half precision is what is measured if nobody says.
	cases = nil
	o.Precision, o.Only = "", []string{LoRA}
	if _, err := Run(t.Context(), o); err != nil || len(cases) != 3 || cases[2].Precision != latentdiffusion.BFloat16 {
		t.Errorf("%+v, %v", cases, err)
	}
}

// TestDoubling: the batch is doubled until memory ends, which ends nothing else;
// if not even the first fits, smaller ones are tried.
func TestDoubling(t *testing.T) {
	for _, test := range []struct {
		room, first, largest int
		want                 Fits
		tried                []int
	}{
		{room: 20, want: Fits{Largest: 16, TooLarge: 32}, tried: []int{4, 8, 16, 32}},
		{room: 4, want: Fits{Largest: 4, TooLarge: 8}, tried: []int{4, 8}},
		{room: 1, want: Fits{Largest: 1, TooLarge: 2}, tried: []int{4, 2, 1}},
		{room: 0, want: Fits{TooLarge: 1}, tried: []int{4, 2, 1}},
		{room: 1000, want: Fits{Largest: 512, Limit: 512}, tried: []int{4, 8, 16, 32, 64, 128, 256, 512}},
		{room: 1000, largest: 10, want: Fits{Largest: 8, Limit: 10}, tried: []int{4, 8}},
		{room: 1000, largest: 2, want: Fits{Largest: 2, Limit: 2}, tried: []int{2}},
		{room: 1000, first: 16, largest: 16, want: Fits{Largest: 16, Limit: 16}, tried: []int{16}},
		{room: 20, first: 32, want: Fits{Largest: 16, TooLarge: 32}, tried: []int{32, 16}},
		{room: 2000, first: 1024, want: Fits{Largest: 1024, Limit: 1024}, tried: []int{1024}},
	} {
		var tried []int
		o := Options{Size: SD15, First: test.first, Largest: test.largest, Measure: func(_ context.Context, c Case) (*Measured, error) {
			if c.Kind == Full {
				tried = append(tried, c.Batch)
				switch {
				case c.Batch > test.room && c.Batch > 16:
					return nil, fmt.Errorf("training step 1: %w", errors.New("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9999 bytes.\nand pages"))
				case c.Batch > test.room:
					return nil, Killed{"signal: killed"}
				}
			}
			return &Measured{Timing: Timing{Seconds: 1}, Backend: backends.XLACUDA, Operations: 1}, nil
		}}
		result, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if *result.Fits != test.want || !slices.Equal(tried, test.tried) {
			t.Errorf("room for %d: %+v after %v, want %+v after %v", test.room, *result.Fits, tried, test.want, test.tried)
		}
		if wrong := len(test.tried) - len(result.Training) + 1; len(result.Left) != wrong { // one is LoRA's
			t.Errorf("room for %d: left out %q, want %d", test.room, result.Left, wrong)
		}
		for _, line := range result.Left {
			if strings.Contains(line, "pages") || !strings.Contains(line, "memory") {
				t.Errorf("left out: %q", line)
			}
		}
	}
}

// TestFailures: a case that fails does not end the others, and is not forgotten;
// without matrix products there is nothing to hold the rest against.
func TestFailures(t *testing.T) {
	broken := errors.New("no such kernel")
	fail := ""
	measure := func(_ context.Context, c Case) (*Measured, error) {
		if c.Kind == fail {
			return nil, broken
		}
		return &Measured{Timing: Timing{Seconds: 1}, Backend: backends.XLACUDA, Operations: 1}, nil
	}
	for _, fail = range Kinds() {
		result, err := Run(t.Context(), Options{Size: SD15, Largest: 4, Measure: measure})
		if !errors.Is(err, broken) {
			t.Errorf("%s: error %v", fail, err)
		}
		if fail == Matmul {
			continue
		}
		counts := map[string]int{Sampling: len(result.Sampling), Decoding: len(result.Decoding), LoRA: 0, Full: 0}
		for _, s := range result.Training {
			counts[s.What]++
		}
		for kind, count := range counts {
			if (count == 0) != (kind == fail) {
				t.Errorf("%s failed, and of %s there are %d figures", fail, kind, count)
			}
		}
		if len(result.Failed) == 0 || !strings.Contains(result.Failed[0], "no such kernel") {
			t.Errorf("%s: %q", fail, result.Failed)
		}
	}
}

// TestPart: a processor does a part of the full size, and says what it leaves.
func TestPart(t *testing.T) {
	var cases []Case
	o := Options{Size: SD15, Measure: func(_ context.Context, c Case) (*Measured, error) {
		cases = append(cases, c)
		return &Measured{Timing: Timing{Seconds: 10}, Backend: backends.Go, Operations: 1e12}, nil
	}}
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 2 || cases[1].Pixels != 256 || cases[1].Guided || cases[1].Batch != 1 {
		t.Errorf("cases %+v", cases)
	}
	if left := strings.Join(result.Left, "\n"); len(result.Left) != 4 || !strings.Contains(left, "12.8 GiB") || !strings.Contains(left, "--only lora") {
		t.Errorf("left out: %s", left)
	}
	cases = nil
	o.Only = []string{LoRA}
	if _, err := Run(t.Context(), o); err != nil || len(cases) != 2 || cases[1].Kind != LoRA || cases[1].Pixels != 512 {
		t.Errorf("asked for by name: %+v, %v", cases, err)
	}
}

func TestUnknown(t *testing.T) {
	if _, err := Run(t.Context(), Options{Size: "sdxl"}); err == nil || !strings.Contains(err.Error(), "sd15, tiny") {
		t.Errorf("error %v", err)
	}
	_, err := Run(t.Context(), Options{Size: Tiny, Only: []string{"drawing"}, Precision: "float8", Pixels: 100, Batches: []int{0}, First: 9, Largest: -1, Rank: -2})
	for _, want := range []string{"drawing", "float8", "100 x 100", "batch of 0", "batch of -1", "rank -2"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	if _, err := Run(t.Context(), Options{Size: Tiny, First: 4, Largest: 2}); err == nil || !strings.Contains(err.Error(), "from 4 to at most 2") {
		t.Errorf("a doubling that cannot be: %v", err)
	}
	if _, err := Run(t.Context(), Options{Size: Tiny, Backend: "cuda"}); err == nil {
		t.Error("an unknown backend was opened")
	}
	for _, c := range []Case{{Kind: "drawing", Size: Tiny, Precision: "float32"}, {Kind: Matmul, Size: "sdxl", Precision: "float32"}, {Kind: Matmul, Size: Tiny, Precision: "int8"}} {
		c.Backend = backends.Go
		if _, err := Measure(t.Context(), c); err == nil {
			t.Errorf("%+v was measured", c)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if result, err := Run(stopped, quick(nil)); !errors.Is(err, context.Canceled) || result == nil || len(result.Matmul) != 1 || len(result.Failed) != 0 {
		t.Errorf("a stopped run: %+v, %v", result, err)
	}
}

func TestTiming(t *testing.T) {
	got := timing(10, []float64{4, 1, 3, 2, 100})
	if want := (Timing{Compile: 7, Seconds: 3, Low: 2, High: 4, Repetitions: 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := got.per(2), (Timing{Compile: 7, Seconds: 1.5, Low: 1, High: 2, Repetitions: 5}); got != want {
		t.Errorf("a half: %+v, want %+v", got, want)
	}
	if got, want := timing(1, []float64{2, 3}), (Timing{Seconds: 2.5, Low: 2.25, High: 2.75, Repetitions: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	c := Case{Budget: time.Second}
	for _, test := range []struct {
		repetitions int
		elapsed     time.Duration
		want        bool
	}{{0, time.Hour, false}, {4, 2 * time.Second, false}, {5, 2 * time.Second, true}, {100, time.Second / 2, false}, {1, patience * time.Second, true}} {
		if got := c.enough(test.repetitions, test.elapsed); got != test.want {
			t.Errorf("%d in %v are enough: %v", test.repetitions, test.elapsed, got)
		}
	}
	broken := errors.New("broken")
	calls := 0
	if _, err := c.repeat(func() error { calls++; return map[bool]error{true: broken}[calls == 2] }); !errors.Is(err, broken) {
		t.Errorf("a repetition that fails: %v", err)
	}
}

// TestHeldBy reads what nvidia-smi lists of processes.
func TestHeldBy(t *testing.T) {
	list := "12, 400\n 7, 2048\n7, 1\n77, 3\n7, [N/A]\nnonsense\n"
	if got := heldBy(list, 7); got != 2049<<20 {
		t.Errorf("%d bytes", got)
	}
	if got := heldBy(list, 5); got != 0 {
		t.Errorf("of another: %d bytes", got)
	}
}

// TestRandomWeights are of the shapes that are asked for, and no signal dies.
func TestRandomWeights(t *testing.T) {
	size, _ := sizeNamed(Tiny)
	backend, err := backends.Open(backends.Go)
	if err != nil {
		t.Fatal(err)
	}
	needs := size.UNet.Weights(backend).Needs
	store, err := weights(needs, fill)
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

// TestSettings: a case's settings are some that a finetune block can have.
func TestSettings(t *testing.T) {
	b := &bench{Case: Case{Kind: LoRA, Rank: 16, Precision: latentdiffusion.BFloat16, Recompute: true, Batch: 3}}
	request, err := b.request(t.TempDir(), b.settings())
	if err != nil {
		t.Fatal(err)
	}
	read, err := latentdiffusion.ReadSettings(request.Options)
	if err != nil || read.LoRA == nil || read.LoRA.Rank != 16 || read.Precision != latentdiffusion.BFloat16 || !read.GradientCheckpointing {
		t.Errorf("%+v, %v", read, err)
	}
	if o, err := train.ReadOptimizer(request.Optimizer); err != nil || request.BatchSize != 3 || request.Steps < 1000 || o.GradientClipNorm != 1 || o.EMADecay != 0 {
		t.Errorf("%+v, %v", request, err)
	}
	known := map[string]bool{}
	for _, block := range latentdiffusion.SettingsSchema().Blocks {
		for _, a := range block.Body.Attributes {
			if a.Name == "targets" && a.Type == sdk.TypeStringList {
				for _, target := range read.LoRA.Targets {
					known[target] = strings.Contains(string(a.Default), `"`+target+`"`)
				}
			}
		}
	}
	for target, is := range known {
		if !is {
			t.Errorf("the default's targets lack %q", target)
		}
	}
	if len(known) != 4 {
		t.Errorf("targets %v", known)
	}
}

// What a regression shows in.
func benchmark(b *testing.B, c Case) {
	c.Size, c.Backend, c.Precision, c.Budget, c.Pixels = Tiny, backends.Go, latentdiffusion.Float32, time.Second, 64
	for range b.N {
		m, err := Measure(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(c.Batch)/m.Seconds, "images/s")
		b.ReportMetric(m.rate()*1e3, "GFLOP/s")
	}
}

func BenchmarkSampling(b *testing.B) { benchmark(b, Case{Kind: Sampling, Batch: 1, Guided: true}) }
func BenchmarkLoRA(b *testing.B)     { benchmark(b, Case{Kind: LoRA, Batch: 1, Rank: 16}) }
func BenchmarkFull(b *testing.B)     { benchmark(b, Case{Kind: Full, Batch: 4}) }
