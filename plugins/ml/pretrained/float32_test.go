package pretrained

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// TestCopyFloat32: weights of 16 bits become float32 with the same values, whole and
// in parts, and the configuration says so.
func TestCopyFloat32(t *testing.T) {
	index := `{"metadata": {"total_size": 1}, "weight_map": {"linear.weight": "p.safetensors", "conv.weight": "p.safetensors", "old.weight": "p.safetensors", "table.weight": "p.safetensors"}}`
	for _, file := range []string{Diffusers + ".fp16.safetensors", "p.safetensors"} {
		for _, dtype := range []safetensors.DType{safetensors.F16, safetensors.BF16, safetensors.F32} {
			from, to := t.TempDir(), t.TempDir()
			write(t, filepath.Join(from, file), published(), dtype)
			if file == "p.safetensors" {
				if err := os.WriteFile(filepath.Join(from, Diffusers+".safetensors.index.json"), []byte(index), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := CopyFloat32(to, from, Diffusers); err != nil {
				t.Fatal(err)
			}
			f, err := openFiles(to, Diffusers)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range published() {
				info, _ := f.holder[name].Info(name)
				got, err := f.holder[name].Floats(name)
				if err != nil || info.DType != safetensors.F32 {
					t.Fatalf("%s is %s, %v", name, info, err)
				}
				for i, v := range want.Data {
					if got.Data[i] != v {
						t.Errorf("%s[%d] is %v, want %v", name, i, got.Data[i], v)
					}
				}
			}
			if err := f.close(); err != nil {
				t.Error(err)
			}
		}
	}
	from, to := filepath.Join(t.TempDir(), "config.json"), filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(from, []byte(`{"dtype": "float16", "torch_dtype":"bfloat16", "vision_config": {"dtype": "float16"}, "a": "float16"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := CopyConfigFloat32(to, from); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(to)
	if err != nil || strings.Count(string(text), `"float32"`) != 3 || !strings.Contains(string(text), `"a": "float16"`) {
		t.Errorf("%s, %v", text, err)
	}
}
