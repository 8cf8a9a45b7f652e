package main

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/bench"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// TestBenchResult: what the process of a case says, and what its end says if it
// says nothing.
func TestBenchResult(t *testing.T) {
	killed := exec.Command("sh", "-c", "kill -9 $$").Run()
	failed := exec.Command("sh", "-c", "exit 3").Run()
	const pages = "W0000 some warning\nF0000 pjrt.cc:1] RESOURCE_EXHAUSTED: Out of memory while trying to allocate 4.00GiB.\nBufferAssignment\npage\npage\npage\npage\npage\npage\npage\npage"
	of := func(out, errOut string, ended error) (*bench.Measured, error) {
		return benchResult(t.Context(), out, errOut, ended)
	}
	m, err := of("a library's greeting\n\n"+benchMark+`{"measured":{"seconds":2,"backend":"go"}}`+"\n", "chatter", nil)
	if err != nil || m.Seconds != 2 || m.Backend != "go" {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := of("\n"+benchMark+`{"measured":null,"error":"no such kernel"}`+"\n", "", nil); err == nil || err.Error() != "no such kernel" {
		t.Errorf("an error that was said: %v", err)
	}
	if _, err := of(benchMark+"{", "", nil); err == nil {
		t.Error("half an answer is none")
	}
	if _, err := of("", "last words", killed); !errors.As(err, new(bench.Killed)) || !strings.Contains(err.Error(), "ran out of memory") {
		t.Errorf("killed: %v", err)
	}
	if _, err := of("", "runtime: out of memory: cannot allocate 8388608-byte block (711327744 in use)\nfatal error: out of memory\n\ngoroutine 8051 [running]:\n", failed); !errors.As(err, new(bench.Killed)) {
		t.Errorf("Go's end of memory: %v", err)
	}
	if _, err := of("", pages, failed); err == nil || strings.Contains(err.Error(), "page") {
		t.Errorf("aborted over memory: %v", err)
	} else if bytes, is := sdk.OutOfMemory(err); !is || bytes != 4<<30 {
		t.Errorf("aborted over memory: %d bytes, %v", bytes, is)
	}
	if _, err := of("", "one\ntwo", failed); err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "two") {
		t.Errorf("failed: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := benchResult(stopped, "", "", killed); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
