package shallowtest

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
)

var update = flag.Bool("update", false, "write the model of experiments/tiny_sd.hcl")

// TestModelOfTinySD: the model that experiments/tiny_sd.hcl draws with is what is
// written here, byte for byte.
func TestModelOfTinySD(t *testing.T) {
	const shipped = "../../../../experiments/tiny_sd/model"
	backend, err := backends.Open(backends.Go)
	if err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(t.TempDir(), "model")
	if *update {
		directory = shipped
		if err := os.RemoveAll(shipped); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := write(backend, "../testdata/tiny-stable-diffusion", directory); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		name, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		made, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		there, err := os.ReadFile(filepath.Join(shipped, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(made, there) {
			t.Errorf("%s is another file than the one that ships; -update writes it", name)
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Errorf("%d files: %v", files, err)
	}
}
