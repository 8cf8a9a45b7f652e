package sealed

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestDirectory(t *testing.T) {
	make := func(t *testing.T) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "made")
		if err := errors.Join(
			os.MkdirAll(filepath.Join(dir, "b"), 0o755),
			os.WriteFile(filepath.Join(dir, "a"), []byte("one"), 0o644),
			os.WriteFile(filepath.Join(dir, "b", "c"), []byte("two"), 0o644),
		); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	look := func(t *testing.T, dir string, intact, damage bool) {
		t.Helper()
		got, err := FindDirectory(dir)
		if said := errors.As(err, new(*Damaged)); got != intact || said != damage || err != nil && !said {
			t.Errorf("intact %v, %v; want %v, damage %v", got, err, intact, damage)
		}
	}
	dir := make(t)
	look(t, dir, false, false) // it was never sealed, as after a kill
	if _, err := os.Stat(dir); err == nil {
		t.Error("what was not sealed is left")
	}
	look(t, dir, false, false)
	for name, spoil := range map[string]func(dir string) error{
		"a byte":       func(dir string) error { return os.WriteFile(filepath.Join(dir, "b", "c"), []byte("twO"), 0o644) },
		"one less":     func(dir string) error { return os.Remove(filepath.Join(dir, "a")) },
		"one more":     func(dir string) error { return os.WriteFile(filepath.Join(dir, "d"), nil, 0o644) },
		"another name": func(dir string) error { return os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "A")) },
		"all of it":    os.RemoveAll,
		"the list": func(dir string) error {
			names, err := sealedAt(dir + listEnding)
			if err != nil {
				return err
			}
			return os.Truncate(names[0], 10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := make(t)
			if err := SealDirectory(dir); err != nil {
				t.Fatal(err)
			}
			look(t, dir, true, false)
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			look(t, dir, false, true)
			look(t, dir, false, false)
			if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) > 0 {
				t.Errorf("%v is left", entries)
			}
		})
	}
}
