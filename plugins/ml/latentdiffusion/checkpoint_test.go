package latentdiffusion

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCopyModel: parts that may be missing and are, are named no longer; a name
// that leads out of the directory is refused.
func TestCopyModel(t *testing.T) {
	index := func(change map[string]any) string {
		t.Helper()
		directory := t.TempDir()
		if err := os.CopyFS(directory, os.DirFS(tiny)); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(directory, indexFile))
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]any{}
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for key, value := range change {
			all[key] = value
		}
		if text, err = json.Marshal(all); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, indexFile), text, 0o644); err != nil {
			t.Fatal(err)
		}
		return directory
	}
	class := []string{"library", "Class"}
	to := t.TempDir()
	if err := copyModel(to, index(map[string]any{"safety_checker": class, "requires_safety_checker": true}), true); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadConfig(to); err != nil {
		t.Errorf("the copy is not opened: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(to, indexFile))
	if err != nil {
		t.Fatal(err)
	}
	var copied struct {
		Safety []any `json:"safety_checker"`
		UNet   []any `json:"unet"`
	}
	if err := json.Unmarshal(text, &copied); err != nil {
		t.Fatal(err)
	}
	if len(copied.Safety) != 2 || copied.Safety[0] != nil || len(copied.UNet) != 2 || copied.UNet[0] == nil {
		t.Errorf("index %s", text)
	}
	if _, err := os.Stat(filepath.Join(to, "unet", "diffusion_pytorch_model.safetensors")); err != nil {
		t.Error(err)
	}
	without := t.TempDir()
	if err := copyModel(without, tiny, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(without, "unet", "diffusion_pytorch_model.safetensors")); !os.IsNotExist(err) {
		t.Errorf("the unet's weights are copied: %v", err)
	}
	for name, change := range map[string]map[string]any{
		"not the name of a directory": {"../outside": class},
		"text_encoder_2":              {"text_encoder_2": class},
	} {
		if err := copyModel(t.TempDir(), index(change), true); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not say %s", err, name)
		}
	}
	if err := copyModel(t.TempDir(), t.TempDir(), true); err == nil || !strings.Contains(err.Error(), indexFile) {
		t.Errorf("no model: %v", err)
	}
}
