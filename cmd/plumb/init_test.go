package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What init writes is a valid experiment of the components that ship, without a
// warning, and so is the ablation.
func TestInitIsValid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	if out, code := said("init", dir); code != exitOK {
		t.Fatal(out)
	}
	for _, file := range []string{"experiment.hcl", "ablation.hcl"} {
		out, code := said("validate", filepath.Join(dir, file))
		if code != exitOK || !strings.Contains(out, "is valid") || strings.Contains(out, "Warning") {
			t.Errorf("%s:\n%s", file, out)
		}
	}
}
