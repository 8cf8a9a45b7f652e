package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/plugins/builtin"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// builtinHouse is the house that ships.
func builtinHouse() house {
	return house{plugin: builtin.Plugin(), doctor: builtin.Doctor, open: openBackend}
}

// TestTinySD runs the paper's graph on tiny models, each stage in a process of the
// built-in plugin, and does nothing a second time. It has every kind of stage, and
// of measure, that the experiment at full size has.
func TestTinySD(t *testing.T) {
	file, err := filepath.Abs("../../experiments/tiny_sd.hcl")
	if err != nil {
		t.Fatal(err)
	}
	backendstest.Each(t, func(t *testing.T, backend string) {
		t.Chdir(t.TempDir()) // where runs are put
		t.Setenv(shipped, "1")
		for run, wants := range [][]string{
			{"done    import/pictures", "done    fit/with_auxiliary", "done    precompute/pictures", "done    tune/labelled", "done    tune/unlabelled", "done    tune/full",
				"done    sample/test/full", "done    measure/test/best_of", "done    encode/pictures/full"},
			{"all cached: nothing to run"},
		} {
			var out, errOut bytes.Buffer
			if code := execute([]string{"run", "-backend", backend, "-runs", "runs", file}, &out, &errOut, builtinHouse()); code != exitOK {
				t.Fatalf("run %d: exit %d\n%s%s", run, code, out.String(), errOut.String())
			}
			for _, want := range wants {
				if !strings.Contains(errOut.String(), want) {
					t.Errorf("run %d does not say %q:\n%s", run, want, errOut.String())
				}
			}
			t.Logf("%s%s", errOut.String(), out.String())
		}
		found, err := filepath.Glob("runs/*@*/report/results.json")
		if err != nil || len(found) != 1 {
			t.Errorf("reports: %v, %v", found, err)
		}
	})
}

// TestTinySDHasAllKinds: what lee2023_sd15.hcl plans for is all in tiny_sd.hcl, under
// other names.
func TestTinySDHasAllKinds(t *testing.T) {
	tiny, _ := planned(t, builtinHouse(), "../../experiments/tiny_sd.hcl", "-backend", "go")
	full, _ := planned(t, builtinHouse(), paper, "-backend", "go")
	kinds := func(p planJSON) []string {
		var all []string
		for _, stage := range p.Stages {
			kind := stage.Kind
			if parts := strings.Split(stage.Name, "/"); kind == "measure" || kind == "choose" {
				kind += " " + parts[2]
			}
			all = append(all, kind)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	if diff := cmp.Diff(kinds(full), kinds(tiny)); diff != "" {
		t.Errorf("kinds of stages (- full size, + tiny):\n%s", diff)
	}
}

// TestLongPrompts: a prompt beyond the text encoders' 77 tokens is truncated, and
// the run and its report say so, also when everything is cached.
func TestLongPrompts(t *testing.T) {
	weights, err := filepath.Abs("../../plugins/ml/models/testdata")
	if err != nil {
		t.Fatal(err)
	}
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
	const warning = "has 160 tokens and the text encoder reads 75"
	backendstest.Each(t, func(t *testing.T, backend string) {
		t.Chdir(t.TempDir())
		t.Setenv(shipped, "1")
		if err := os.WriteFile("long.hcl", []byte(experiment), 0o644); err != nil {
			t.Fatal(err)
		}
		for run := range 2 {
			var out, errOut bytes.Buffer
			if code := execute([]string{"run", "-backend", backend, "long.hcl"}, &out, &errOut, builtinHouse()); code != exitOK {
				t.Fatalf("run %d: exit %d\n%s%s", run, code, out.String(), errOut.String())
			}
			told := strings.Join(strings.Fields(errOut.String()), " ") // lines are broken anywhere
			if n := strings.Count(told, warning); n != 2*(1-run) {
				t.Errorf("run %d warns %d times, want once for each of sampling and encoding while they run:\n%s", run, n, errOut.String())
			}
			report, err := os.ReadFile("runs/long/report/tables.md")
			if err != nil {
				t.Fatal(err)
			}
			for _, stage := range []string{"sample/main/tiny", "encode/main/tiny/tiny"} {
				if !strings.Contains(string(report), "Warning of "+stage) || !strings.Contains(string(report), warning) {
					t.Errorf("run %d: the report does not have the warning of %s:\n%s", run, stage, report)
				}
			}
		}
	})
}
