package client

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// What a plugin says of its failure is bounded, and said to be cut.
func TestFailuresAreCut(t *testing.T) {
	long := strings.Repeat("ü", 3<<20) // 6 MiB
	got := diagnosticsFromProto([]*pb.Diagnostic{{Summary: long, Detail: long}, {Summary: "second"}})
	if len(got) != 2 || len(got[0].Summary)+len(got[0].Detail) > maxFailureBytes+100 || !strings.Contains(got[0].Detail, "cut: 6291456 bytes in all") {
		t.Errorf("%d diagnostics, the first of %d and %d bytes", len(got), len(got[0].Summary), len(got[0].Detail))
	}
	if !utf8.ValidString(got[0].Summary) || got[1].Summary != "And more that is not shown" {
		t.Errorf("the second is %q", got[1].Summary)
	}
	many := make([]*pb.Diagnostic, 5000)
	for i := range many {
		many[i] = &pb.Diagnostic{Summary: "x"}
	}
	got = diagnosticsFromProto(many)
	if len(got) != maxDiagnostics+1 || !strings.Contains(got[maxDiagnostics].Detail, "5000") {
		t.Errorf("%d diagnostics: %+v", len(got), got[len(got)-1])
	}
}

// A call that lives and does not get on says so, in words of its own if it has any.
func TestIdleness(t *testing.T) {
	idle := &idleness{since: time.Now(), silence: time.Minute}
	if got := idle.busy(""); got != "" {
		t.Errorf("at once: %q", got)
	}
	idle.since = time.Now().Add(-90 * time.Second)
	if got := idle.busy(""); got != "no answer for 1m30s" {
		t.Errorf("after 90 s: %q", got)
	}
	if got := idle.busy("compiling"); got != "compiling" {
		t.Errorf("with words: %q", got)
	}
}
