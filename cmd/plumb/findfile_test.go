package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, file := range []string{"experiments/quickstart.hcl", "experiments/plumb.lock.hcl", "experiments/other.hcl.json", "ablations/counts.hcl", "experiments/counts.hcl"} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]string{
		"quickstart":                "Did you mean experiments/quickstart.hcl?",
		"quickstart.hcl":            "Did you mean experiments/quickstart.hcl?",
		"experiments/quickstrat":    "Did you mean experiments/quickstart.hcl?",
		"experiment/quickstart.hcl": "Did you mean experiments/quickstart.hcl?",
		"other":                     "Did you mean experiments/other.hcl.json?",
		"counts":                    "Did you mean one of experiments/counts.hcl, ablations/counts.hcl?",
		"nothing_like_it":           "There are experiments/counts.hcl, experiments/other.hcl.json, experiments/quickstart.hcl, ablations/counts.hcl.",
		"experiments":               "experiments is a directory. It has experiments/counts.hcl,",
	} {
		if err := missingFile(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
	if err := missingFile("experiments/quickstart.hcl"); err != nil {
		t.Errorf("a file that is there: %v", err)
	}
}
