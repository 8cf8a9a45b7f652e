package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// Every experiment and ablation that ships is planned.
func TestEveryShippedFileIsValid(t *testing.T) {
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
