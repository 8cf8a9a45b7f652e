package train

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
)

// settings stands for a model's configuration.
type settings struct {
	Width int    `json:"width"`
	Kind  string `json:"kind"`
}

func TestCheckpoint(t *testing.T) {
	store := model.NewStore()
	if err := network(t, store).Run(context.Background(), ignore); err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	if err := WriteCheckpoint(directory, settings{6, "test"}, store); err != nil {
		t.Fatal(err)
	}
	var config settings
	file, err := ReadCheckpoint(directory, &config)
	if err != nil {
		t.Fatal(err)
	}
	if config != (settings{6, "test"}) {
		t.Errorf("configuration %+v", config)
	}
	if !reflect.DeepEqual(file.Tensors, Tensors(store)) {
		t.Error("the weights changed on the disk")
	}
	for name := range file.Tensors {
		if isState("/" + name) {
			t.Errorf("the optimizer's %q is in the checkpoint", name)
		}
	}
	average := tensorOf(store.GetVariable(averageScope + "/in.weight"))
	if !reflect.DeepEqual(file.Tensors["in.weight"], average) {
		t.Error("the checkpoint does not hold the averaged weights")
	}
	loaded, err := Weights(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(Tensors(loaded), file.Tensors) {
		t.Error("loaded into a store the weights differ")
	}
	for v := range loaded.IterVariables() {
		if !v.Trainable {
			t.Errorf("%s cannot be trained on", v.Path())
		}
	}
}

func TestReadCheckpointNamesTheFile(t *testing.T) {
	directory := t.TempDir()
	var config settings
	expect := func(file string) {
		t.Helper()
		if _, err := ReadCheckpoint(directory, &config); err == nil || !strings.Contains(err.Error(), filepath.Join(directory, file)) {
			t.Errorf("error %v does not name %s", err, file)
		}
	}
	expect(ConfigFile)
	if err := os.WriteFile(filepath.Join(directory, ConfigFile), []byte(`{"width": "six"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	expect(ConfigFile)
	if err := os.WriteFile(filepath.Join(directory, ConfigFile), []byte(`{"width": 6}`), 0o644); err != nil {
		t.Fatal(err)
	}
	expect(WeightsFile)
	if err := os.WriteFile(filepath.Join(directory, WeightsFile), []byte(`{}`), 0o644); err != nil {
		t.Fatal(err)
	}
	expect(WeightsFile)
}

func TestDigest(t *testing.T) {
	// sha256 of "abc", FIPS 180-2, appendix B.1.
	if got := Digest([]byte("abc")); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("digest %s", got)
	}
}
