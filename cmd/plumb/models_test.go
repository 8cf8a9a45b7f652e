package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Weights of another model than config.json's are found by validate, at the block
// that names them and by their headers alone.
func TestModelsAreChecked(t *testing.T) {
	const experiment = `
experiment "e" {}

prompts "p" { list = ["a ring"] }

sampler "stable_diffusion" "base" { weights = "model" }

images "drawn" {
  sampler = sampler.base
  prompts = prompts.p
}
`
	config := func(change func(map[string]any)) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) {
			all := map[string]any{}
			if err := json.Unmarshal(text, &all); err != nil {
				return nil, err
			}
			change(all)
			return json.Marshal(all)
		}
	}
	// header changes a safetensors file's header, and keeps its data.
	header := func(change func(map[string]any)) func([]byte) ([]byte, error) {
		return func(content []byte) ([]byte, error) {
			size := binary.LittleEndian.Uint64(content)
			text, err := config(change)(content[8 : 8+size])
			if err != nil {
				return nil, err
			}
			return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), content[8+size:]...), nil
		}
	}
	whole, err := filepath.Abs("../../experiments/tiny_sd/model")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file   string
		change func([]byte) ([]byte, error)
		want   string // "": it is valid
	}{
		"as it is": {"unet/config.json", config(func(map[string]any) {}), ""},
		"other sizes": {"unet/config.json", config(func(c map[string]any) { c["block_out_channels"] = []int{32} }),
			"model/unet that are of another shape or type"},
		"another name": {"text_encoder/model.safetensors", header(func(h map[string]any) {
			const weight = "text_model.embeddings.token_embedding.weight"
			h["other"] = h[weight]
			delete(h, weight)
		}), "model/text_encoder that are missing: 1"},
		"another type": {"vae/diffusion_pytorch_model.safetensors", header(func(h map[string]any) {
			h["encoder.conv_in.bias"].(map[string]any)["dtype"] = "I32"
		}), "encoder.conv_in.bias is I32"},
		"cut off": {"vae/diffusion_pytorch_model.safetensors", func(b []byte) ([]byte, error) { return b[:len(b)-100], nil }, "diffusion_pytorch_model.safetensors"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.CopyFS("model", os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("model", filepath.FromSlash(test.file))
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed, err := test.change(content)
			if err != nil {
				t.Fatal(err)
			}
			for path, content := range map[string][]byte{path: changed, "x.hcl": []byte(experiment)} {
				if err := os.WriteFile(path, content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var out, errOut bytes.Buffer
			code := execute([]string{"validate", "x.hcl"}, &out, &errOut, builtinHouse())
			said := strings.Join(strings.Fields(errOut.String()), " ")
			if test.want == "" {
				if code != exitOK {
					t.Errorf("exit %d: %s", code, said)
				}
				return
			}
			if code != exitUsage || !strings.Contains(said, test.want) || !strings.Contains(said, `x.hcl line 6, in sampler "stable_diffusion" "base"`) {
				t.Errorf("exit %d, want %q at line 6: %s", code, test.want, said)
			}
		})
	}
}
