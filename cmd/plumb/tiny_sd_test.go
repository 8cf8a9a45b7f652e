package main

import (
	"bytes"
	"fmt"
	"os"
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

// TestLongPrompts: a prompt beyond the text encoders' 77 tokens is truncated, and
// the run and its report say so, also when everything is cached.
func TestLongPrompts(t *testing.T) {
	weights, err := filepath.Abs("../../plugins/ml/models/testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv(shipped, "1")
	experiment := fmt.Sprintf(`
experiment "long" {}

prompts "words" {
  list = [join(" ", [for i in range(80) : "very"]), "short"]
}

sampler "stable_diffusion" "tiny" {
  weights             = "%[1]s/tiny-stable-diffusion"
  num_inference_steps = 1
  height              = 16
  width               = 16
}

encoder "clip" "tiny" {
  weights = "%[1]s/tiny-clip"
}

reward "clip_score" "tiny" {
  encoder = encoder.tiny
}

evaluate "main" {
  models     = [sampler.tiny]
  prompts    = prompts.words
  per_prompt = 3
  rewards    = [reward.tiny]
}
`, filepath.ToSlash(weights))
	if err := os.WriteFile("long.hcl", []byte(experiment), 0o644); err != nil {
		t.Fatal(err)
	}
	const warning = "has 160 tokens and the text encoder reads 75"
	for run := range 2 {
		var out, errOut bytes.Buffer
		if code := execute([]string{"run", "long.hcl"}, &out, &errOut, builtinHouse()); code != exitOK {
			t.Fatalf("run %d: exit %d\n%s%s", run, code, out.String(), errOut.String())
		}
		told := strings.Join(strings.Fields(errOut.String()), " ") // lines are broken anywhere
		if n := strings.Count(told, warning); n != 2*(1-run) {
			t.Errorf("run %d warns %d times, want once for each of sampling and scoring while they run:\n%s", run, n, errOut.String())
		}
		report, err := os.ReadFile("runs/long/report/tables.md")
		if err != nil {
			t.Fatal(err)
		}
		for _, stage := range []string{"sample/main/tiny", "score/main/tiny/tiny"} {
			if !strings.Contains(string(report), "Warning of "+stage) || !strings.Contains(string(report), warning) {
				t.Errorf("run %d: the report does not have the warning of %s:\n%s", run, stage, report)
			}
		}
	}
}
