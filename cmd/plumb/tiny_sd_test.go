package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/builtin"
)

// builtinHouse is the house that ships.
func builtinHouse() house {
	return house{plugin: builtin.Plugin(), doctor: builtin.Doctor, open: openBackend}
}

// TestTinySD draws with stable_diffusion, fits a reward on clip, fine-tunes by it
// and evaluates, each stage in a process of the built-in plugin, and does nothing
// a second time.
func TestTinySD(t *testing.T) {
	file, err := filepath.Abs("../../experiments/tiny_sd.hcl")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // where runs are put
	t.Setenv(shipped, "1")
	for run, wants := range [][]string{
		{"done    sample/drawn", "done    fit/meaningless", "done    tune/adapters", "done    sample/main/adapters", "done    score/main/adapters/meaningless"},
		{"all cached: nothing to run"},
	} {
		var out, errOut bytes.Buffer
		if code := execute([]string{"run", file}, &out, &errOut, builtinHouse()); code != exitOK {
			t.Fatalf("run %d: exit %d\n%s%s", run, code, out.String(), errOut.String())
		}
		for _, want := range wants {
			if !strings.Contains(errOut.String(), want) {
				t.Errorf("run %d does not say %q:\n%s", run, want, errOut.String())
			}
		}
		t.Logf("%s%s", errOut.String(), out.String())
	}
	found, err := filepath.Glob("runs/*/report/results.json")
	if err != nil || len(found) != 1 {
		t.Errorf("reports: %v, %v", found, err)
	}
}
