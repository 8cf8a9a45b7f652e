package pretrained

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCopy: what Read would read, found without being told a variant.
func TestCopy(t *testing.T) {
	content, err := os.ReadFile("../models/testdata/tiny-clip/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	index := `{"weight_map": {"logit_scale": "model-00001-of-00001.safetensors"}}`
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"whole":           {map[string]string{"model.safetensors": string(content), "model.fp16.safetensors": "ignored", "model.bin": "ignored"}, []string{"model.safetensors"}},
		"variant":         {map[string]string{"model.fp16.safetensors": string(content)}, []string{"model.safetensors"}},
		"shards":          {map[string]string{"model-00001-of-00001.safetensors": string(content), "model.safetensors.index.json": index}, []string{"model-00001-of-00001.safetensors", "model.safetensors.index.json"}},
		"variant, shards": {map[string]string{"model-00001-of-00001.safetensors": string(content), "model.safetensors.index.fp16.json": index}, []string{"model-00001-of-00001.safetensors", "model.safetensors.index.json"}},
	} {
		from, to := t.TempDir(), t.TempDir()
		for file, content := range test.files {
			if err := os.WriteFile(filepath.Join(from, file), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := Copy(to, from, Transformers); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		entries, err := os.ReadDir(to)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
			copied, err := os.ReadFile(filepath.Join(to, e.Name()))
			if err != nil || string(copied) != string(content) && string(copied) != index {
				t.Errorf("%s: %s is not what it was, %v", name, e.Name(), err)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: files %v, want %v", name, got, test.want)
		}
		f, err := openFiles(to, Transformers)
		if err != nil {
			t.Errorf("%s: the copy is not opened: %v", name, err)
		} else if _, ok := f.holder["logit_scale"]; !ok {
			t.Errorf("%s: the copy lacks a tensor", name)
		} else if err := f.close(); err != nil {
			t.Error(err)
		}
	}
	if err := Copy(t.TempDir(), t.TempDir(), Transformers); err == nil || !strings.Contains(err.Error(), "No weights in") {
		t.Errorf("nothing to copy: %v", err)
	}
}
