package record

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/diag"
)

func TestRunRoundTrip(t *testing.T) {
	run := &Run{
		Name: "auxiliary_loss", ID: "01234567", Basis: "89", State: RunWaiting, Dir: "/runs", File: "ablations/auxiliary_loss.hcl", Command: "plumb run ablations/auxiliary_loss.hcl",
		Started: time.Unix(1700000000, 5), Seconds: 12.5, Baseline: "b",
		Variants: []Variant{{
			ID: "0123456789ab", Name: "auxiliary_weight=0.5", Values: map[string]any{"auxiliary_weight": 0.5, "deep": true}, Seed: 1 << 63,
			Stages: []StageRef{
				{Node: "tune/full", Key: "k", Status: Cached, Stage: Stage{Kind: "tune", Subject: "full"}},
				{Node: "measure/main", Status: Failed, Stage: Stage{Kind: "measure", Evaluation: "a/b", Measure: "alignment"},
					Diagnostics: diag.List{{Severity: diag.Warning, Summary: "stopped", Detail: "Go on.", Subject: diag.Range{File: "a.hcl", Start: diag.Position{Line: 3}}}}},
			},
		}},
		Machine: Machine{OS: "linux"},
	}
	b, err := EncodeRun(run)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRun(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, got); diff != "" {
		t.Fatalf("run (-put +got):\n%s", diff)
	}
	edited := bytes.Replace(b, []byte("0.5"), []byte("0.6"), 1)
	if _, err := DecodeRun(edited); !errors.Is(err, ErrCorrupt) {
		t.Errorf("an edited run: %v", err)
	}
	if _, err := EncodeRun(&Run{Seconds: math.Inf(1)}); err == nil {
		t.Error("a run of infinite length was encoded")
	}
}

func TestWhatARunNeeds(t *testing.T) {
	run := &Run{Name: "a", ID: "1", Keeps: []string{"before", "k"}, Variants: []Variant{
		{Stages: []StageRef{{Key: "k", Status: Done}, {Key: "l", Status: Running}, {Status: Pending}}},
		{Stages: []StageRef{{Key: "k", Status: Done}}},
	}}
	if got, want := run.Keys(), []string{"before", "k", "l"}; !slices.Equal(got, want) {
		t.Errorf("Keys() = %q, want %q", got, want)
	}
	if run.FullName() != "a@1" {
		t.Errorf("FullName() = %q", run.FullName())
	}
}

// A run's manifest from before stages had their facts cannot be reported.
func TestAnOlderRun(t *testing.T) {
	b, err := seal("run", 1, map[string]any{"name": "old"})
	if err != nil {
		t.Fatal(err)
	}
	var version *VersionError
	if _, err := DecodeRun(b); !errors.As(err, &version) || !strings.Contains(err.Error(), "run the experiment again") {
		t.Errorf("got %v", err)
	}
}
