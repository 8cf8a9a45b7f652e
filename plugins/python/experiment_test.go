package python

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plumb is the program, built for the test.
func plumb(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plumb")
	run(t, "../..", nil, "go", "build", "-o", path, "./cmd/plumb")
	return path
}

const experiment = `
experiment "python" {}

plugin "kinds" {
  source = "./start"
  files  = ["kinds.py"]
}

prompts "color" {
  template = "a {color} ring"
  slots    = { color = ["red", "blue"] }
}

sampler "learning" "base" {
  size = 8
}

reward "redness" "mine" {
  gain = 2
}

reward "terms" "terms" {}

evaluate "main" {
  models     = [sampler.base]
  prompts    = prompts.color
  per_prompt = 3
  rewards    = [reward.mine, reward.terms]
}
`

// TestExperiment locks, runs and changes a plugin, and has plumb check it.
func TestExperiment(t *testing.T) {
	python := interpreter(t)
	plumb, site, directory := plumb(t), installed(t, python), t.TempDir()
	source, err := os.ReadFile("tests/plugins/kinds.py")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("kinds.py", string(source), 0o644)
	write("start", fmt.Sprintf("#!/bin/sh\nexport PYTHONPATH='%s' PYTHONDONTWRITEBYTECODE=1\nexec '%s' '%s/kinds.py'\n", site, python, directory), 0o755)
	write("python.hcl", experiment, 0o644)
	says := func(said string, words ...string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(said, word) {
				t.Errorf("it does not say %q:\n%s", word, said)
			}
		}
	}

	said, err := tryRun(directory, nil, plumb, "run", "python.hcl")
	if err == nil {
		t.Error("a plugin runs that is not locked")
	}
	says(said, `Plugin "kinds" is not locked`)
	run(t, directory, nil, plumb, "plugin", "lock", "python.hcl")
	says(run(t, directory, nil, plumb, "run", "python.hcl"), "(4/4 stages)", "Of no use to anybody.")
	says(run(t, directory, nil, plumb, "plan", "python.hcl"), "4 stages, all cached")
	says(run(t, directory, nil, plumb, "explain", "python.hcl", "score/main/base/mine"), "numpy")

	write("kinds.py", strings.ReplaceAll(string(source), "self.gain * mine", "self.gain * mine * 3"), 0o644)
	if said, err = tryRun(directory, nil, plumb, "run", "python.hcl"); err == nil {
		t.Error("a plugin runs that is not what was locked")
	}
	says(said, "kinds")
	run(t, directory, nil, plumb, "plugin", "lock", "python.hcl")
	says(run(t, directory, nil, plumb, "plan", "python.hcl"), "4 stages, 0 cached")

	write("kinds.py", string(source), 0o644)
	says(run(t, directory, nil, plumb, "plugin", "check", "./start"), `reward "redness"`, `rater "two"`, `encoder "mean"`, `sampler "learning"`, "checks passed")
}
