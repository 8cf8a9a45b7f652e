package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockFile)
	digest := strings.Repeat("0a", 32)
	text := `plugin "redness" {
  source = "./bin/redness"
  sha256 = "` + strings.ToUpper(digest) + `"
}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	entries, mistakes := ReadLock(path)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	want := Entry{Name: "redness", Command: filepath.Join(filepath.Dir(path), "bin", "redness"), SHA256: digest}
	if len(entries) != 1 || entries[0].Name != want.Name || entries[0].Command != want.Command || entries[0].SHA256 != want.SHA256 {
		t.Errorf("got %+v, want %+v", entries, want)
	}
}

func TestReadLockMistakes(t *testing.T) {
	if _, mistakes := ReadLock(filepath.Join(t.TempDir(), LockFile)); !mistakes.HasErrors() {
		t.Error("a missing lock file is no mistake")
	}
	digest := strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		`plugin "a" {`:                  "",
		`plugin "a" { source = "./a" }`: `"sha256" is required`,
		"plugin \"a\" {\n source = \"./a\"\n sha256 = \"abc\"\n}":                          "not a digest",
		"plugin \"a\" {\n source = 3\n sha256 = \"" + digest + "\"\n}":                     "source is not a string",
		"plugin \"a\" {\n source = \"\"\n sha256 = \"" + digest + "\"\n}":                  "source is empty",
		"plugin \"a\" {\n source = \"./a\"\n sha256 = \"" + digest + "\"\n url = \"x\"\n}": "Unsupported argument",
		"reward \"a\" {\n}": "Unsupported block type",
		strings.Repeat("plugin \"a\" {\n source = \"./a\"\n sha256 = \""+digest+"\"\n}\n", 2): "locked twice",
	} {
		_, mistakes := parseLock("x/"+LockFile, []byte(text))
		if !mistakes.HasErrors() || !strings.Contains(mistakes.Error(), want) {
			t.Errorf("%s\ngives %v, want %q", text, mistakes, want)
		}
		for _, m := range mistakes {
			if m.Subject.File == "" {
				t.Errorf("%v has no place", m)
			}
		}
	}
}

func FuzzReadLock(f *testing.F) {
	f.Add("plugin \"a\" {\n source = \"./a\"\n sha256 = \"00\"\n}")
	f.Fuzz(func(t *testing.T, text string) {
		entries, mistakes := parseLock(LockFile, []byte(text))
		for _, e := range entries {
			if !mistakes.HasErrors() && (e.Command == "" || len(e.SHA256) != 64) {
				t.Errorf("entry %+v was accepted", e)
			}
		}
	})
}
