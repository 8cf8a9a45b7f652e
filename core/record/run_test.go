package record

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/diag"
)

func TestRunRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	run := &Run{
		Name: "auxiliary_loss", File: "ablations/auxiliary_loss.hcl", Command: "plumb run ablations/auxiliary_loss.hcl",
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
	for range 2 { // a run's manifest is written again as the run goes on
		if err := WriteRun(path, run); err != nil {
			t.Fatal(err)
		}
		got, err := ReadRun(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(run, got); diff != "" {
			t.Fatalf("run (-put +got):\n%s", diff)
		}
		run.Seconds++
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("temporary files are left: %v", entries)
	}

	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := bytes.Replace(b, []byte("0.5"), []byte("0.6"), 1)
	if err := os.WriteFile(path, edited, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRun(path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("an edited run: %v", err)
	}
}

func TestWriteRunKeepsTheOldOneOnErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	if err := WriteRun(path, &Run{Name: "old"}); err != nil {
		t.Fatal(err)
	}
	if err := WriteRun(path, &Run{Name: "new", Seconds: math.Inf(1)}); err == nil {
		t.Error("a run of infinite length was written")
	}
	if run, err := ReadRun(path); err != nil || run.Name != "old" {
		t.Errorf("ReadRun = %v, %v", run, err)
	}
	if err := WriteRun(filepath.Join(path, "none", "run.json"), &Run{}); err == nil {
		t.Error("a run was written into a directory that is not there")
	}
	if _, err := ReadRun(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing run: %v", err)
	}
}

// A run's manifest from before stages had their facts cannot be reported.
func TestAnOlderRun(t *testing.T) {
	b, err := seal("run", 1, map[string]any{"name": "old"})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	var version *VersionError
	if _, err := ReadRun(path); !errors.As(err, &version) || !strings.Contains(err.Error(), "run the experiment again") {
		t.Errorf("got %v", err)
	}
}
