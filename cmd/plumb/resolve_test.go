package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/install"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// A plugin that plumb installed and that has changed since is refused, whatever it
// computes; somebody else's is not.
func TestIntact(t *testing.T) {
	root := t.TempDir()
	t.Setenv(backends.RootVariable, root)
	dir := filepath.Join(root, "xla-cpu", "1.0")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	manifest := sealed.Line([]byte(`{"backend": "xla:cpu", "version": "1.0", "plugin": "a/b.so", "sha256": "5eed"}`))
	path := filepath.Join(dir, "manifest.json")
	if err := os.WriteFile(path, manifest, 0o644); err != nil {
		t.Fatal(err)
	}
	if all := install.List(root); len(all) != 1 || all[0].Unreadable != nil {
		t.Fatalf("installed: %+v", all)
	}
	at := func(plugin, digest string) opened {
		return opened{Plugin: &backends.Candidate{Path: plugin}, Environment: plan.Environment{Compiler: "PJRT 0.9, sha256 " + digest}}
	}
	ours, theirs := filepath.Join(dir, "a", "b.so"), filepath.Join(t.TempDir(), "b.so")
	for _, test := range []struct {
		answer opened
		want   string
	}{
		{at(ours, "5eed"), ""},
		{at(ours, "5eee"), "a/b.so has another content than what was installed"},
		{at(theirs, "5eee"), ""},
		{opened{}, ""},
	} {
		err := intact(test.answer)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.answer.Plugin, err, test.want)
		}
	}
	if err := os.WriteFile(path, manifest[:40], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := intact(at(ours, "5eed")); err == nil || !strings.Contains(err.Error(), "plumb backend install xla:cpu") {
		t.Errorf("with a damaged manifest: %v", err)
	}
}
