package spec

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/imagefolder"
)

const withPath = `
experiment "x" {}
sampler "shapes" "base" { weights = "weights" }
`

// canonicalIn loads an experiment from a fresh directory with a weights
// directory of one file.
func canonicalIn(t *testing.T, text, content string) string {
	t.Helper()
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "weights"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"x.hcl": text, "weights/model.safetensors": content} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	spec, diagnostics := Load(t.Context(), filepath.Join(directory, "x.hcl"), Options{Catalog: catalog})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	canonical, err := spec.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(canonical), directory) {
		t.Errorf("there is a path in %s", canonical)
	}
	return string(canonical)
}

// Identity is in values and contents: not in places, order of arguments,
// descriptions or the names of variables.
func TestCanonicalIdentity(t *testing.T) {
	base := canonicalIn(t, withPath, "1")
	for name, text := range map[string]string{
		"another directory": withPath,
		"through a variable": `
variable "scale" { default = 3 }
experiment "x" { description = "described" }
# A comment.
sampler "shapes" "base" {
  weights        = "./weights"
  guidance_scale = var.scale * 1.0
}`,
	} {
		if got := canonicalIn(t, text, "1"); got != base {
			t.Errorf("%s: got %s, want %s", name, got, base)
		}
	}
	for name, got := range map[string]string{
		"content": canonicalIn(t, withPath, "2"),
		"value":   canonicalIn(t, strings.Replace(withPath, `weights = "weights"`, `guidance_scale = 2`, 1), "1"),
		"seed":    canonicalIn(t, strings.Replace(withPath, `"x" {}`, `"x" { seed = 2 }`, 1), "1"),
	} {
		if got == base {
			t.Errorf("another %s, and the same identity", name)
		}
	}
}

// Config keeps the path for the plugin, and Digests what is there.
func TestPathArguments(t *testing.T) {
	spec, diagnostics := Load(t.Context(), "testdata/valid/example.hcl", Options{Catalog: catalog})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	photographs, err := filepath.Abs("testdata/valid/photographs")
	if err != nil {
		t.Fatal(err)
	}
	all, one := spec.Images[3], spec.Images[4]
	if all.Folder.Path != photographs || all.Count() != 2 || all.Inventory.Unseen != 1 {
		t.Errorf("folder %+v holds %+v", all.Folder, all.Inventory)
	}
	if want := (imagefolder.Folder{Path: photographs, Caption: "text", Split: "seen", Limit: 1, Seed: 7, Width: 512, Height: 512, Stretch: true}); *one.Folder != want || one.Count() != 1 {
		t.Errorf("folder %+v, want %+v", *one.Folder, want)
	}
	// cat testdata/valid/labels.csv | sha256sum
	labels, err := filepath.Abs("testdata/valid/labels.csv")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(labels)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := spec.Digests[labels], fmt.Sprintf("%x", sha256.Sum256(content)); got != want {
		t.Errorf("digest is %s, want %s", got, want)
	}
}
