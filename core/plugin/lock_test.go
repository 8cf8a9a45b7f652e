package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/schema"
)

// example is a lock with everything in it that it can have, and that HCL has to
// escape.
func example(t testing.TB, directory string) *Lock {
	t.Helper()
	lock := &Lock{Path: filepath.Join(directory, LockFile)}
	lock.Put(&Locked{
		Name: "redness", Source: "./redness", Command: []string{".venv/bin/python", "-c", "${x} %{y} \"\n\\"},
		SHA256: strings.Repeat("0a", 32), Contents: []string{"redness.py  01", "a b.txt  02"},
		Description: client.Description{
			Name: "redness", Version: "0.1.0", Environment: map[string]string{"scikit-learn": "1.5", "python": "3.11"},
			Components: []sdk.Description{{Kind: sdk.KindReward, Name: "redness", Summary: "How red ${it} is.",
				Schema: sdk.Schema{Attributes: []sdk.Attribute{{Name: "gain", Type: sdk.TypeNumber}}}}},
		},
	})
	lock.Put(&Locked{Name: "blueness", Source: "./b", SHA256: strings.Repeat("0b", 32), Description: client.Description{Name: "blueness"}})
	lock.Plugins[0].Description.Components = []sdk.Description{{Kind: sdk.KindRater, Name: "b"}}
	return lock
}

func TestLockIsReadAsItWasWritten(t *testing.T) {
	lock := example(t, t.TempDir())
	if err := lock.Write(); err != nil {
		t.Fatal(err)
	}
	read, mistakes := ReadLock(filepath.Dir(lock.Path), spec.NewFiles())
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	for _, one := range read.Plugins {
		if one.Range.IsZero() {
			t.Errorf("plugin %q has no place", one.Name)
		}
		one.Range = diag.Range{}
	}
	if different := cmp.Diff(lock.Plugins, read.Plugins); different != "" {
		t.Error(different)
	}
	if read.Of(spec.Plugin{Name: "blueness", Source: "./b"}) == nil || read.Of(spec.Plugin{Name: "blueness", Source: "./c"}) != nil {
		t.Error("a plugin is found by its name and its source")
	}
	if none, mistakes := ReadLock(t.TempDir(), spec.NewFiles()); len(mistakes) > 0 || len(none.Plugins) != 0 {
		t.Errorf("no lock file: %+v, %v", none, mistakes)
	}
}

// What is said to be empty, as another language may, is sealed as what is absent.
func TestEmptyPartsOfADescription(t *testing.T) {
	component, err := schema.ParseComponent([]byte(`{"kind":"sampler","name":"s","capabilities":["tune"],"schema":{"attributes":[]},"losses":[{"name":"plain","schema":{"attributes":[],"blocks":[]},"needs":["images"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	lock := &Lock{Path: filepath.Join(t.TempDir(), LockFile)}
	lock.Put(&Locked{Name: "p", Source: "p", SHA256: "00", Description: client.Description{Name: "p", Components: []sdk.Description{component}}})
	if err := lock.Write(); err != nil {
		t.Fatal(err)
	}
	read, mistakes := ReadLock(filepath.Dir(lock.Path), spec.NewFiles())
	if len(mistakes) > 0 || !sameComponents(read.Plugins[0].Description.Components, []sdk.Description{component}) {
		t.Errorf("%+v, %v", read, mistakes)
	}
}

func TestUnnamed(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                {"blueness", "redness"},
		`plugin "redness" { source = 1}`:  {"blueness"},
		"plugin \"redness2\" {\n}":        {"blueness", "redness"},
		"plugin redness {\n}":             {"blueness"},
		`reward "blueness/b" "redness" {`: {"blueness", "redness"},
	} {
		lock := example(t, t.TempDir())
		if err := os.WriteFile(filepath.Join(filepath.Dir(lock.Path), "x.hcl"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range lock.Unnamed() {
			got = append(got, one.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q names others than %q, want %q", text, got, want)
		}
	}
}

// What is not as Plumb wrote it is told with its line.
func TestLockMistakes(t *testing.T) {
	lock := example(t, t.TempDir())
	if err := lock.Write(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(lock.Path)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, now string) string {
		if !strings.Contains(string(written), old) {
			t.Fatalf("the lock has no %q:\n%s", old, written)
		}
		return strings.Replace(string(written), old, now, 1)
	}
	for name, test := range map[string]struct{ text, want string }{
		"syntax":      {`plugin "a" {`, ""},
		"no digest":   {"plugin \"a\" {\n source = \"./a\"\n}", `"sha256" is required`},
		"type":        {change(`version = "0.1.0"`, "version = [1]"), "version is of the wrong type"},
		"digest":      {change("0a0a", "0a0b"), `The lock of plugin "redness" was changed by hand`},
		"version":     {change(`"3.11"`, `"3.12"`), "changed by hand"},
		"components":  {change("How red", "So red"), "changed by hand"},
		"unknown":     {change(`version =`, "url ="), "Unsupported argument"},
		"other block": {"reward \"a\" {\n}", "Unsupported block type"},
		"twice":       {string(written) + string(written), "locked twice"},
		"description": {change(`\"kind\"`, `\"kindness\"`), "kindness"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(lock.Path, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			read, mistakes := ReadLock(filepath.Dir(lock.Path), spec.NewFiles())
			if !mistakes.HasErrors() || !strings.Contains(mistakes.Error(), test.want) {
				t.Errorf("gives %v, want %q", mistakes, test.want)
			}
			if read == nil || read.Path != lock.Path {
				t.Errorf("no lock is left that can be written anew: %+v", read)
			}
			for _, m := range mistakes {
				if m.Subject.File != lock.Path || m.Subject.Start.Line == 0 {
					t.Errorf("%v has no place", m)
				}
				if !strings.Contains(m.Detail, "plumb plugin lock") {
					t.Errorf("%v has no way out", m)
				}
			}
		})
	}
}

func FuzzReadLock(f *testing.F) {
	f.Add("plugin \"a\" {\n source = \"./a\"\n sha256 = \"00\"\n components = []\n seal = \"00\"\n}")
	f.Fuzz(func(t *testing.T, text string) {
		read, _ := spec.ParseText(LockFile, []byte(text))
		if read == nil {
			return
		}
		lock, mistakes := parseLock(LockFile, read.Body)
		if mistakes.HasErrors() {
			return
		}
		for _, one := range lock.Plugins {
			if seal, err := one.seal(); err != nil || len(seal) != 64 {
				t.Errorf("%+v was accepted: %v", one, errors.Join(err))
			}
		}
	})
}
