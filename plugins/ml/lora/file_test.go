package lora

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// TestAdapterFiles: in a file, alpha is the rank and the factor is in the
// weights, for the programs that know no alpha; what diffusers 0.34 to 0.39 asks
// of the settings is there; and what was trained comes back.
func TestAdapterFiles(t *testing.T) {
	const layer = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
	down, up := make([]float32, 48*2), make([]float32, 2*48)
	for i := range down {
		down[i], up[i] = float32(i)/7, float32(i+1)/3
	}
	trained := map[string]safetensors.Tensor{
		layer + downEnd: {Dims: []int{48, 2}, Data: down},
		layer + upEnd:   {Dims: []int{2, 48}, Data: up},
	}
	network := []nn.Named{{Name: layer + ".weight", Dims: []int{48, 48}}, {Name: layer + ".bias", Dims: []int{48}}}
	alpha := 6.
	l := Config{Rank: 2, Alpha: &alpha, Targets: []string{layer}}
	dir := t.TempDir()
	if err := New(l, trained).Write(dir, "unet"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fileName+".safetensors")
	file := golden.Read(t, path)
	// [48, 2] in the file: the other way round.
	if got, want := file.Tensors["unet."+layer+upEnd].Data[1], float32(3*float64(up[48])); got != want {
		t.Errorf("up in the file is %v, want %v", got, want)
	}
	if got := file.Tensors["unet."+layer+downEnd].Data[1]; got != down[2] {
		t.Errorf("down in the file is %v, want %v", got, down[2])
	}
	var about map[string]any
	if err := json.Unmarshal([]byte(file.Metadata[metadataKey]), &about); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"unet.peft_type": "LORA", "unet.r": 2.0, "unet.lora_alpha": 2.0, "unet.target_modules": []any{layer},
		"unet.rank_pattern": map[string]any{}, "unet.alpha_pattern": map[string]any{},
	}
	if !reflect.DeepEqual(about, want) {
		t.Errorf("settings in the file: %v", about)
	}
	again, err := Read(dir, "unet", network)
	if err != nil {
		t.Fatal(err)
	}
	if again.Rank != 2 || again.alpha() != 6 || !again.Equal(l) {
		t.Errorf("read %+v", again.Config)
	}
	for name, tensor := range again.Trained() {
		for i, v := range tensor.Data {
			if d := v - trained[name].Data[i]; d > 1e-6*v || -d > 1e-6*v {
				t.Fatalf("%s[%d] is %v, was trained to %v", name, i, v, trained[name].Data[i])
			}
		}
	}

	// Somebody else's file says alpha in its settings, and has no factor in its
	// weights; one without settings has alpha = rank.
	for settings, factor := range map[string]float32{`{"unet.r": 2, "unet.lora_alpha": 8}`: 4, "": 1} {
		other := &safetensors.File{Tensors: file.Tensors, Metadata: map[string]string{"format": "pt"}}
		if settings != "" {
			other.Metadata[metadataKey] = settings
		}
		if err := other.Write(path); err != nil {
			t.Fatal(err)
		}
		read, err := Read(dir, "unet", network)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := read.Tensors[layer+upEnd].Data[48], factor*file.Tensors["unet."+layer+upEnd].Data[1]; got != want {
			t.Errorf("settings %s: up is %v, want %v", settings, got, want)
		}
	}
	for _, alpha := range []string{"0", "-1", "NaN", "Inf", "x"} {
		other := &safetensors.File{Tensors: file.Tensors, Metadata: map[string]string{alphaKey: alpha}}
		if err := other.Write(path); err != nil {
			t.Fatal(err)
		}
		if read, err := Read(dir, "unet", network); err == nil {
			t.Errorf("alpha %s was taken: %+v", alpha, read.Config)
		}
	}
	if len(file.Tensors) != 2 {
		t.Errorf("%d tensors", len(file.Tensors))
	}
}
