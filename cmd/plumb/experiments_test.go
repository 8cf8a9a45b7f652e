package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends"
	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
)

// Every experiment and ablation that ships is planned.
func TestEveryShippedFileIsValid(t *testing.T) {
	backendstest.Only(t, backends.Go)
	t.Setenv("HF_HUB_CACHE", t.TempDir()) // whoever has the models need not read them here
	var files []string
	for _, pattern := range []string{"../../experiments/*.hcl", "../../ablations/*.hcl"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatal("no experiments")
	}
	for _, file := range files {
		if filepath.Base(file) == "plumb.lock.hcl" {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			var out, errOut bytes.Buffer
			own := builtinHouse()
			if code := execute([]string{"validate", file}, &out, &errOut, own); code != exitOK {
				t.Errorf("exit %d\n%s%s", code, out.String(), errOut.String())
			}
			if code := execute([]string{"fmt", "-check", file}, &out, &errOut, own); code != exitOK {
				t.Errorf("not in the usual layout: plumb fmt -w %s", file)
			}
		})
	}
}

// TestImagesAreEncodedOnce: in the plan of every experiment an encoder encodes a
// table of images in one stage, whoever reads its features.
func TestImagesAreEncodedOnce(t *testing.T) {
	backendstest.Only(t, backends.Go)
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	for file, want := range map[string]int{
		"quickstart":     9, // labelled, unlabelled, the reference, other real images, four models, 16 of each prompt to choose from
		"lee2023_shapes": 0,
		"lee2023_sd15":   0,
		"tiny_sd":        0,
	} {
		p, _ := planned(t, builtinHouse(), "../../experiments/"+file+".hcl", "-backend", "go")
		encoded := map[[2]string]string{}
		for _, stage := range p.Stages {
			images, ok := stage.Inputs["images"]
			if stage.Kind != "encode" || !ok {
				continue
			}
			of := [2]string{images, stage.Component}
			if other, twice := encoded[of]; twice {
				t.Errorf("%s: %s and %s encode the images of %s", file, other, stage.Name, images)
			}
			encoded[of] = stage.Name
		}
		if len(encoded) == 0 || want > 0 && len(encoded) != want {
			t.Errorf("%s: %d tables of images are encoded: %v", file, len(encoded), encoded)
		}
	}
}
