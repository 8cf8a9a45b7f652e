package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/bench"
)

// TestBench measures the tiny model and writes the numbers down.
func TestBench(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	var out, errOut bytes.Buffer
	if code := execute([]string{"bench", "sd15", "-size", "tiny", "-backend", "go", "-time", "1ms", "-json", file}, &out, &errOut, builtinHouse()); code != exitOK {
		t.Fatalf("exit %d\n%s%s", code, out.String(), errOut.String())
	}
	for _, want := range []string{"a tiny model", "it/s", "images/s", "GFLOP/s", "not measured: LoRA"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var result bench.Result
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	if result.Size != "tiny" || result.Backend != "go" || len(result.Sampling) != 2 || len(result.Training) != 2 {
		t.Errorf("%+v", result)
	}
	errOut.Reset()
	if code := execute([]string{"bench", "sdxl"}, &out, &errOut, builtinHouse()); code != exitUsage || !strings.Contains(errOut.String(), "sd15, tiny") {
		t.Errorf("exit %d, %s", code, errOut.String())
	}
}
