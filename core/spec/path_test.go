package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDigestPath(t *testing.T) {
	directory := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	digest := func() string {
		t.Helper()
		d, err := DigestPath(t.Context(), directory)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	put("b", "2")
	put("a/c", "1")
	first := digest()
	seen := map[string]string{first: "first"}
	for _, change := range []struct {
		name string
		make func()
	}{
		{"content", func() { put("b", "3") }},
		{"new file", func() { put("a/d", "") }},
		{"renamed file", func() {
			if err := os.Rename(filepath.Join(directory, "a/d"), filepath.Join(directory, "a/e")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		change.make()
		d := digest()
		if other, ok := seen[d]; ok {
			t.Errorf("%s: the digest is that of %s", change.name, other)
		}
		seen[d] = change.name
	}
	if err := os.Remove(filepath.Join(directory, "a/e")); err != nil {
		t.Fatal(err)
	}
	put("b", "2")
	if got := digest(); got != first {
		t.Errorf("the digest is %s, and was %s of the same files", got, first)
	}
	// A link to a directory is what it leads to, as in the hub's cache.
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(directory, "a"), filepath.Join(linked, "a")); err != nil {
		t.Skip("no links here")
	}
	if err := os.WriteFile(filepath.Join(linked, "b"), []byte("2"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := DigestPath(t.Context(), linked); err != nil || got != first {
		t.Errorf("with a link the digest is %s, %v; want %s", got, err, first)
	}
	if err := os.Symlink(directory, filepath.Join(directory, "a/link")); err != nil {
		t.Fatal(err)
	}
	if _, err := DigestPath(t.Context(), directory); err == nil || !strings.Contains(err.Error(), "leads to a directory in which it lies") {
		t.Errorf("a link in a circle: %v", err)
	}
}

func TestDigestPathOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := DigestPath(t.Context(), path)
	if want := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}
