package spec

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file, or rewrites the file.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to make it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// printed is what a user sees of the diagnostics.
func printed(t *testing.T, list diag.List, files *Files) string {
	t.Helper()
	var buffer bytes.Buffer
	if err := diag.WriteText(&buffer, list, diag.TextOptions{Width: 78, Sources: files.Sources(), Block: files.Block}); err != nil {
		t.Fatal(err)
	}
	return buffer.String()
}

func files(t *testing.T, patterns ...string) []string {
	t.Helper()
	var list []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil || len(matches) == 0 {
			t.Fatalf("no files match %s: %v", pattern, err)
		}
		list = append(list, matches...)
	}
	return list
}

// Every valid file loads into the Spec in the .json beside it, with the
// warnings in the .txt beside it.
func TestValid(t *testing.T) {
	for _, path := range files(t, "testdata/valid/*.hcl", "testdata/valid/*.hcl.json") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			files := NewFiles()
			spec, diagnostics := Load(t.Context(), path, Options{Catalog: catalog, Files: files})
			if diagnostics.HasErrors() {
				t.Fatalf("does not load:\n%s", printed(t, diagnostics, files))
			}
			canonical, err := spec.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, canonical, "", " "); err != nil {
				t.Fatal(err)
			}
			base := strings.TrimSuffix(strings.TrimSuffix(path, ".json"), ".hcl")
			golden(t, base+".golden.json", append(indented.Bytes(), '\n'))
			golden(t, base+".txt", []byte(printed(t, diagnostics, files)))
		})
	}
}

// Every invalid file gives the diagnostics in the .txt beside it.
func TestInvalid(t *testing.T) {
	for _, path := range files(t, "testdata/invalid/*.hcl", "testdata/invalid/*.hcl.json") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			files := NewFiles()
			spec, diagnostics := Load(t.Context(), path, Options{Catalog: catalog, Files: files})
			if !diagnostics.HasErrors() {
				t.Error("there are no errors")
			}
			if spec != nil {
				t.Error("there is a Spec beside errors")
			}
			base := strings.TrimSuffix(strings.TrimSuffix(path, ".json"), ".hcl")
			golden(t, base+".txt", []byte(printed(t, diagnostics, files)))
		})
	}
}

// write puts an experiment into a fresh directory.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.hcl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads an experiment that must have no errors.
func load(t *testing.T, text string, options Options) *Spec {
	t.Helper()
	if options.Catalog == nil {
		options.Catalog = catalog
	}
	spec, diagnostics := Load(t.Context(), write(t, text), options)
	if diagnostics.HasErrors() {
		t.Fatalf("does not load:\n%s", printed(t, diagnostics, NewFiles()))
	}
	return spec
}

// Two mistakes in different blocks, and their consequences nowhere.
func TestLoadReportsMistakesOnce(t *testing.T) {
	path := write(t, `
experiment "x" { seed = var.sed }
variable "seed" { default = 1 }
locals { words = ["red" + 1] }
prompts "color" {
  template = "{color}"
  slots    = { color = local.words }
}
sampler "shapes" "base" {}
images "drawn" {
  sampler = sampler.base
  prompts = prompts.color
}
evaluate "main" {
  models  = [sampler.base]
  prompts = prompts.all
}
`)
	_, diagnostics := Load(t.Context(), path, Options{Catalog: catalog})
	var got []string
	for _, d := range diagnostics {
		got = append(got, d.Summary)
	}
	if diff := cmp.Diff([]string{"Unknown variable", "Invalid operand"}, got); diff != "" {
		t.Errorf("diagnostics differ (-want +got):\n%s", diff)
	}
}

func TestLoadMissingFile(t *testing.T) {
	_, diagnostics := Load(t.Context(), filepath.Join(t.TempDir(), "none.hcl"), Options{})
	if len(diagnostics) != 1 || diagnostics[0].Summary != "Cannot read file" {
		t.Errorf("got %+v", diagnostics)
	}
}

func TestLoadPlugins(t *testing.T) {
	path := write(t, `
experiment "x" {}
variable "where" { default = "bin" }
plugin "redness" { source = "./${var.where}/redness" }
reward "redness" "red" { anything = "goes" }
`)
	plugins, diagnostics := LoadPlugins(t.Context(), path, Options{})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	if len(plugins) != 1 || plugins[0].Name != "redness" || plugins[0].Beside(plugins[0].Source) != filepath.Join(filepath.Dir(path), "bin", "redness") {
		t.Errorf("got %+v", plugins)
	}
}

// What the pieces of the example point to.
func TestLoadResolvesReferences(t *testing.T) {
	spec, diagnostics := Load(t.Context(), "testdata/valid/example.hcl", Options{Catalog: catalog})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	base, clip := spec.Samplers[0], spec.Encoders[0]
	labelled, full, again, control := spec.Finetunes[0], spec.Finetunes[1], spec.Finetunes[2], spec.Finetunes[3]
	withAux := spec.Rewards[2]
	for _, check := range []struct {
		what string
		ok   bool
	}{
		{"reward's encoder", withAux.Encoder == clip},
		{"reward's labels", withAux.Labels[0] == spec.Labels[0]},
		{"labels' images", spec.Labels[0].Images == spec.Images[0]},
		{"images' sampler", spec.Images[0].Sampler == Model{Sampler: base}},
		{"images of a finetune", spec.Images[5].Sampler == Model{Sampler: base, Finetune: labelled}},
		{"chained finetune", again.Model == Model{Sampler: base, Finetune: full}},
		{"weighed loss", full.Losses[0].Needs[0] == schema.NeedScores && len(full.Losses[0].Images) == 0},
		{"loss with images of its own", full.Losses[1].Needs[0] == schema.NeedOwnImages && full.Losses[1].Images[0] == spec.Images[2]},
		{"control", control.Reward == nil && control.Losses[0].Needs[0] == schema.NeedImages},
		{"steps", full.Steps == 100 && labelled.Steps == 400 && full.BatchSize == 64},
		{"evaluated model", spec.Evaluate[0].Models[2] == Model{Sampler: base, Finetune: full}},
		{"baseline", spec.Evaluate[0].Baseline == Model{Sampler: base}},
		{"against", spec.Evaluate[0].BestOf[1].Against[0] == Model{Sampler: base, Finetune: full}},
	} {
		if !check.ok {
			t.Errorf("%s is wrong", check.what)
		}
	}
	want := `{"beta1":0.9,"beta2":0.999,"ema_decay":0,"epsilon":1e-8,"gradient_clip_norm":1,"learning_rate":0.0001,"schedule":"cosine","warmup_steps":20,"weight_decay":0.01}`
	if got := string(full.Optimizer); got != want {
		t.Errorf("optimizer is %s, want %s", got, want)
	}
}

func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.hcl", "testdata/valid/*.hcl.json", "testdata/invalid/*.hcl", "testdata/invalid/*.hcl.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text), strings.HasSuffix(path, ".json"))
		}
	}
	directory := f.TempDir()
	f.Fuzz(func(t *testing.T, text string, isJSON bool) {
		path := filepath.Join(directory, "x.hcl")
		if isJSON {
			path += ".json"
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		files := NewFiles() // parsed once
		spec, diagnostics := Load(t.Context(), path, Options{Catalog: catalog, Files: files})
		if (spec == nil) != diagnostics.HasErrors() {
			t.Fatalf("spec %v beside diagnostics %v", spec, diagnostics)
		}
		if spec != nil {
			if _, err := spec.Canonical(); err != nil {
				t.Fatal(err)
			}
		}
		Declared(t.Context(), path, Options{Files: files})
	})
}
