package spec

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// loadText loads an experiment that is a text.
func loadText(t *testing.T, name, text string) *Spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, found := Load(context.Background(), path, Options{})
	if found.HasErrors() {
		t.Fatal(found)
	}
	return loaded
}

// Where a run is shown is no part of what it computes.
func TestTracking(t *testing.T) {
	without := loadText(t, "a.hcl", `experiment "a" {}`)
	with := loadText(t, "a.hcl", `experiment "a" {}
variable "server" { default = "https://host:5000/mlflow" }
tracking "mlflow" {
  uri    = var.server
  images = 0
}`)
	if without.Tracking != nil {
		t.Errorf("%+v of an experiment that says nothing of it", without.Tracking)
	}
	got := *with.Tracking
	got.Range = without.Compute.Range
	if want := (Tracking{Tracker: "mlflow", Enabled: true, URI: "https://host:5000/mlflow", CheckpointMegabytes: 100}); got != want {
		t.Errorf("tracking is %+v, want %+v", got, want)
	}
	one, err := without.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	other, err := with.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Errorf("the configurations differ:\n%s\n%s", one, other)
	}
	defaults := *loadText(t, "a.hcl.json", `{"experiment": {"a": {}}, "tracking": {"mlflow": {}}}`).Tracking
	defaults.Range = got.Range
	if defaults != DefaultTracking() {
		t.Errorf("an empty block is %+v, and the environment alone %+v", defaults, DefaultTracking())
	}
	if off := loadText(t, "a.hcl", "experiment \"a\" {}\ntracking \"mlflow\" { enabled = false }").Tracking; off.Enabled {
		t.Errorf("%+v", off)
	}
}
