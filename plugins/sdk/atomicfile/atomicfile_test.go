package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// holds checks what a directory has: one file of a content, or nothing.
func holds(t *testing.T, dir, content string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if content == "" {
		if len(entries) > 0 {
			t.Errorf("%v is left", entries)
		}
		return
	}
	if len(entries) != 1 {
		t.Fatalf("the directory has %v", entries)
	}
	got, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	if err != nil || string(got) != content {
		t.Errorf("the file has %q, %v, want %q", got, err, content)
	}
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	for _, content := range []string{"old", "new"} {
		f, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(content); err != nil {
			t.Fatal(err)
		}
		if before, err := os.ReadFile(path); content == "old" && !errors.Is(err, fs.ErrNotExist) || content == "new" && string(before) != "old" {
			t.Errorf("before Commit the path holds %q, %v", before, err)
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Discard(), f.Discard()); err != nil {
			t.Errorf("Discard after Commit: %v", err)
		}
		if err := f.Commit(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("a second Commit: %v", err)
		}
		holds(t, dir, content)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Discard(), f.Discard()); err != nil {
		t.Error(err)
	}
	holds(t, dir, "")
}

// TestFailures: what cannot be put in place is an error and leaves nothing.
func TestFailures(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "none", "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "taken", "by a folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "taken"), []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%v is left", entries)
	}
	if err := Write(filepath.Join(dir, "taken", "by a folder", "b"), []byte("x")); err != nil {
		t.Error(err)
	}
	holds(t, filepath.Join(dir, "taken", "by a folder"), "x")
}

// TestSweep: what this process has begun goes, what others have does not.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := Create(filepath.Join(below, "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kept := filepath.Join(below, ".c.json.123.1~")
	if err := os.WriteFile(kept, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(below)
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(kept) {
		t.Errorf("%v is left, %v", entries, err)
	}
	if err := Sweep(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}

func TestRename(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := errors.Join(os.WriteFile(from, []byte("new"), 0o644), os.WriteFile(to, []byte("old"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := Rename(from, to); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "new")
	if err := Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// What a process has begun that has ended is removed; what one that runs is writing, and
// other people's files, stay.
func TestSweepAbandoned(t *testing.T) {
	dir := t.TempDir()
	gone := exec.Command(os.Args[0], "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	mine, err := Create(filepath.Join(dir, "mine"))
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Discard()
	abandoned := fmt.Sprintf(".curves.png.123.%d~", gone.Process.Pid)
	for _, name := range []string{abandoned, "tables.md", "notes.txt~", ".hidden~", ".0.x~", fmt.Sprintf("seen.%d~", gone.Process.Pid)} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := SweepAbandoned(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, abandoned)); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", abandoned, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 6 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}
