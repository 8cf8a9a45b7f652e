package sdk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// xla is what XLA says on a GPU, with the pages that follow cut.
const xla = "training step 1: failed to execute: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 2147483648 bytes. [tf-allocator-allocation-error='']\nBufferAssignment OOM Debugging.\n  ... pages of buffers"

func TestOutOfMemory(t *testing.T) {
	for text, want := range map[string]int64{
		xla: 2 << 30,
		"RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1.25GiB.":                                       5 << 28,
		"RESOURCE_EXHAUSTED: Failed to allocate request for 512.00MiB (536870912B) on device ordinal 0":             512 << 20,
		"RESOURCE_EXHAUSTED: Allocator (GPU_0_bfc) ran out of memory trying to allocate 16.5KiB (rounded to 16896)": 16896,
		"failed to allocate 2.00GiB (2147483648 bytes) from device: CUDA_ERROR_OUT_OF_MEMORY: out of memory":        2 << 30,
		"INTERNAL: cuBLAS: CUBLAS_STATUS_ALLOC_FAILED":                                                              0,
		"CUDA out of memory. Tried to allocate 3.00 GiB":                                                            3 << 30,
		"RESOURCE_EXHAUSTED: Out of memory while trying to allocate 99999999999999999999999999999 bytes":            0,
		"RESOURCE_EXHAUSTED: Shared memory size limit exceeded: requested 300000, available: 232448":                -1,
		"RESOURCE_EXHAUSTED: out of registers":                                                                      -1,
		"rpc error: code = ResourceExhausted desc = grpc: received message larger than max (70 vs. 60)":             -1,
		"weight \"x\" is missing":                     -1,
		"the prompt \"a memory of home\" has no slot": -1,
	} {
		bytes, is := OutOfMemory(fmt.Errorf("sample: %w", errors.New(text)))
		if is != (want >= 0) || is && bytes != want {
			t.Errorf("%q: %d bytes, %v; want %d", text, bytes, is, want)
		}
	}
	if _, is := OutOfMemory(nil); is {
		t.Error("no error is one of memory")
	}
}

// heavy is a sampler that needs more memory than there is.
type heavy struct {
	err    error
	panics bool
	advice func(call Call, tune *TuneRequest) []Advice
}

func (h *heavy) Sample(context.Context, []Draw, func(int, Image) error) error {
	if h.panics {
		panic(h.err)
	}
	return h.err
}

func (h *heavy) MemoryAdvice(call Call, tune *TuneRequest) []Advice { return h.advice(call, tune) }

// TestExplainOutOfMemory: a call that ran out of device memory says what to lower, whether the
// backend returned an error or a graph panicked; other errors pass as they are.
func TestExplainOutOfMemory(t *testing.T) {
	sampler := &heavy{advice: func(call Call, tune *TuneRequest) []Advice {
		if call != CallSample || tune != nil {
			t.Errorf("asked about %s, %v", call, tune)
		}
		return []Advice{
			{Option: "batch_size", Block: "sampler", Write: "batch_size = 2", Now: "4"},
			{Option: "precision", Block: "sampler", Write: `precision = "bfloat16"`, Now: "float32"},
		}
	}}
	table := newInstances(Plugin{Name: "p", Components: []Component{{
		Description: Description{
			Kind: KindSampler, Name: "heavy",
		},
		Open: func(context.Context, OpenRequest) (any, error) { return sampler, nil },
	}}})
	id, _, err := table.start(t.Context(), KindSampler, "heavy", OpenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	call := func() error {
		return table.use(t.Context(), id, CallSample, func(in *instance) error { return in.value.(Sampler).Sample(t.Context(), nil, nil) })
	}
	for _, panics := range []bool{false, true} {
		sampler.err, sampler.panics = errors.New(xla), panics
		var said Diagnostic
		if err := call(); !errors.As(err, &said) {
			t.Fatalf("error %v", err)
		}
		if want := `The device has too little memory for sampler "heavy" to sample`; said.Summary != want {
			t.Errorf("summary %q, want %q", said.Summary, want)
		}
		for _, want := range []string{
			"Allocating another 2.00 GiB failed", "\n  batch_size = 2 in the block sampler (now 4);\n", "\n  precision = \"bfloat16\" in the block sampler (now float32).\n",
			"nvidia-smi", "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 2147483648 bytes",
		} {
			if !strings.Contains(said.Detail, want) {
				t.Errorf("the detail does not say %q:\n%s", want, said.Detail)
			}
		}
		if strings.Contains(said.Detail, "OOM Debugging") {
			t.Errorf("the detail is pages long:\n%s", said.Detail)
		}
	}
	sampler.panics = false
	if sampler.err = errors.New("no such file"); call() != sampler.err {
		t.Error("another error is changed")
	}
	sampler.err = errors.New(xla)
	sampler.advice = func(Call, *TuneRequest) []Advice { return nil }
	if err := call(); err == nil || !strings.Contains(err.Error(), "no option that would use less") {
		t.Errorf("with nothing to lower: %v", err)
	}
	sampler.advice = func(Call, *TuneRequest) []Advice { panic("in the advice") }
	if err := call(); err == nil || !strings.Contains(err.Error(), "too little memory") || strings.Contains(err.Error(), "in the advice") {
		t.Errorf("with advice that panics: %v", err)
	}
}

// TestExplainOutOfMemoryOpen: weights that do not fit are a matter of memory, too.
func TestExplainOutOfMemoryOpen(t *testing.T) {
	table := newInstances(Plugin{Name: "p", Components: []Component{{
		Description: Description{
			Kind: KindEncoder, Name: "huge",
		},
		Open: func(context.Context, OpenRequest) (any, error) { return nil, errors.New(xla) },
	}}})
	_, _, err := table.start(t.Context(), KindEncoder, "huge", OpenRequest{})
	if err == nil || !strings.Contains(err.Error(), `too little memory for encoder "huge" to open`) {
		t.Errorf("error %v", err)
	}
}
