package faulttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/faulttest/syscalls"
)

// listing is what a directory holds: paths and contents.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all = append(all, name+"="+string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestDisk(t *testing.T) {
	disk := NewDisk()
	check := func(loss Loss, want string) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "cut")
		if err := disk.WriteTo(dir, loss, nil); err != nil {
			t.Fatal(err)
		}
		if got := listing(t, dir); got != want {
			t.Errorf("after the loss of %s: %q, want %q", loss, got, want)
		}
	}
	do := func(ops ...syscalls.Op) {
		t.Helper()
		for _, op := range ops {
			if err := disk.Apply(op); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := func(s string) []byte { return []byte(s) }
	do(syscalls.Op{Kind: syscalls.Create, Path: "new"}, syscalls.Op{Kind: syscalls.Content, Path: "new", Content: text("one")})
	check(All, "")
	check(Content, "new=")
	do(syscalls.Op{Kind: syscalls.Rename, Path: "new", Other: "name"})
	check(All, "")
	check(Content, "name=") // a name without its content
	do(syscalls.Op{Kind: syscalls.SyncDir, Path: "."})
	check(All, "name=")
	do(syscalls.Op{Kind: syscalls.Sync, Path: "name", Content: text("one")})
	check(All, "name=one")
	// The old file until the new name is synced.
	do(syscalls.Op{Kind: syscalls.Create, Path: "new"}, syscalls.Op{Kind: syscalls.Sync, Path: "new", Content: text("two")},
		syscalls.Op{Kind: syscalls.Rename, Path: "new", Other: "name"})
	check(All, "name=one")
	check(Content, "name=two")
	do(syscalls.Op{Kind: syscalls.SyncDir, Path: "."})
	check(All, "name=two")
	// What is in a directory is nowhere if the directory's own name is not synced.
	do(syscalls.Op{Kind: syscalls.Mkdir, Path: "a"}, syscalls.Op{Kind: syscalls.Create, Path: "a/b"},
		syscalls.Op{Kind: syscalls.Sync, Path: "a/b", Content: text("x")}, syscalls.Op{Kind: syscalls.SyncDir, Path: "a"})
	check(All, "name=two")
	do(syscalls.Op{Kind: syscalls.SyncDir, Path: "."})
	check(All, "a/b=x name=two")
	do(syscalls.Op{Kind: syscalls.Link, Path: "a/b", Other: "c"}, syscalls.Op{Kind: syscalls.Unlink, Path: "a/b"}, syscalls.Op{Kind: syscalls.Rmdir, Path: "a"})
	check(All, "a/b=x name=two")
	check(Content, "c=x name=two")
	if err := disk.Apply(syscalls.Op{Kind: syscalls.Rename, Path: "none", Other: "d"}); err == nil {
		t.Error("a file that is not there gets another name")
	}
}
