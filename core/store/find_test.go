package store

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFind: in the directory, above it, the nearest first, and not where anybody may
// have put it.
func TestFind(t *testing.T) {
	top := t.TempDir()
	project := filepath.Join(top, "project")
	below := filepath.Join(project, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("runs", "store")
	made := func(dir string) string {
		s, err := Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		return filepath.Join(dir, name)
	}
	finds := func(what, from, want string) {
		t.Helper()
		if got, found := Find(from, name); got != want || found != (want != "") {
			t.Errorf("%s: found %q, want %q", what, got, want)
		}
	}
	if err := os.MkdirAll(filepath.Join(project, name), 0o755); err != nil {
		t.Fatal(err)
	}
	finds("a directory of the name", below, "")
	outer := made(project)
	finds("in it", project, outer)
	finds("below it", below, outer)
	finds("beside it", top, "")
	inner := made(filepath.Join(project, "a"))
	finds("the nearest", below, inner)
	finds("a directory that is not there", filepath.Join(below, "gone"), inner)

	if err := os.Chmod(project, 0o777); err != nil {
		t.Fatal(err)
	}
	finds("where anybody may write", filepath.Join(project, "c"), "")
	finds("where anybody may write, named", project, outer)
}
