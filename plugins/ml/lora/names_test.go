package lora

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"

	"strings"
	"testing"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// networkOf are a network's weights by its file, with our dimensions.
func networkOf(t *testing.T, path string) []nn.Named {
	t.Helper()
	r, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var needs []nn.Named
	for _, name := range r.Names() {
		info, _ := r.Info(name)
		switch d := info.Dims; len(d) {
		case 2:
			needs = append(needs, nn.Named{Name: name, Dims: []int{d[1], d[0]}})
		case 4:
			needs = append(needs, nn.Named{Name: name, Dims: []int{d[2], d[3], d[1], d[0]}})
		default:
			needs = append(needs, nn.Named{Name: name, Dims: d})
		}
	}
	return needs
}

const theCase = "testdata/cases/lora-names-of-training-script.safetensors"

// renamed writes the adapters of the case under other names, and more tensors.
func renamed(t *testing.T, path string, name func(layer, direction string) string, more map[string]safetensors.Tensor, about map[string]string) {
	t.Helper()
	file := golden.Read(t, theCase)
	out := &safetensors.File{Tensors: maps.Clone(more), Metadata: about}
	if out.Tensors == nil {
		out.Tensors = map[string]safetensors.Tensor{}
	}
	for old, tensor := range file.Tensors {
		layer, direction, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(old, "unet."), ".weight"), ".lora.")
		out.Tensors[name(layer, direction)] = tensor
	}
	if err := out.Write(path); err != nil {
		t.Fatal(err)
	}
}

var peftEnd = map[string]string{"down": "lora_A", "up": "lora_B"}

// TestNamesOfOtherPrograms: the same adapters come out of the files of every program
// that is read.
func TestNamesOfOtherPrograms(t *testing.T) {
	network := networkOf(t, "../models/testdata/tiny-stable-diffusion/unet/diffusion_pytorch_model.safetensors")
	want, err := ReadFile(theCase, "unet", network)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Tensors) != 256 || want.Rank != 4 || want.alpha() != 4 {
		t.Fatalf("%d tensors of rank %d and alpha %v", len(want.Tensors), want.Rank, want.alpha())
	}
	const layer = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k"
	raw := golden.Read(t, theCase).Tensors["unet."+layer+".lora.down.weight"]
	if ours := want.Tensors[layer+downEnd]; ours.Dims[1] != 4 || ours.Data[1] != raw.Data[raw.Dims[1]] {
		t.Errorf("down is %v, in the file %v", ours.Data[:2], raw.Data[:2])
	}
	alphas := map[string]safetensors.Tensor{}
	for name := range want.Tensors {
		if layer, ok := strings.CutSuffix(name, downEnd); ok {
			alphas["lora_unet_"+strings.ReplaceAll(layer, ".", "_")+".alpha"] = safetensors.Tensor{Dims: []int{}, Data: []float32{2}}
		}
	}
	settings := func(text string) map[string]string { return map[string]string{metadataKey: text} }
	old := strings.NewReplacer(".to_q", ".processor.to_q_lora", ".to_k", ".processor.to_k_lora", ".to_v", ".processor.to_v_lora", ".to_out.0", ".processor.to_out_lora")
	for name, c := range map[string]struct {
		name   func(layer, direction string) string
		more   map[string]safetensors.Tensor
		about  map[string]string
		factor func(layer string) float64
	}{
		"PEFT":              {name: func(l, d string) string { return "unet." + l + "." + peftEnd[d] + ".weight" }},
		"PEFT, alone":       {name: func(l, d string) string { return "base_model.model." + l + "." + peftEnd[d] + ".weight" }},
		"PEFT, named":       {name: func(l, d string) string { return l + "." + peftEnd[d] + ".default.weight" }},
		"processors":        {name: func(l, d string) string { return "unet." + old.Replace(l) + "." + d + ".weight" }},
		"processors, alone": {name: func(l, d string) string { return old.Replace(l) + "." + d + ".weight" }},
		"linear layers":     {name: func(l, d string) string { return "unet." + l + ".lora_linear_layer." + d + ".weight" }},
		"kohya": {name: func(l, d string) string {
			return "lora_unet_" + strings.ReplaceAll(l, ".", "_") + ".lora_" + d + ".weight"
		}},
		"kohya, alpha": {func(l, d string) string {
			return "lora_unet_" + strings.ReplaceAll(l, ".", "_") + ".lora_" + d + ".weight"
		}, alphas, nil, func(string) float64 { return 0.5 }},
		"alpha":           {func(l, d string) string { return "unet." + l + "." + peftEnd[d] + ".weight" }, nil, settings(`{"unet.r": 4, "unet.lora_alpha": 6}`), func(string) float64 { return 1.5 }},
		"rank-stabilized": {func(l, d string) string { return "unet." + l + "." + peftEnd[d] + ".weight" }, nil, settings(`{"unet.r": 4, "unet.lora_alpha": 6, "unet.use_rslora": true}`), func(string) float64 { return 3 }},
		"alpha by pattern": {func(l, d string) string { return "unet." + l + "." + peftEnd[d] + ".weight" }, nil,
			settings(`{"unet.r": 4, "unet.lora_alpha": 4, "unet.alpha_pattern": {"attn2.to_q": 1, "down_blocks.*.to_q": 2, "to_v": 8}}`), func(l string) float64 {
				switch {
				case strings.HasSuffix(l, "attn2.to_q"):
					return 0.25
				case strings.HasPrefix(l, "down_blocks") && strings.HasSuffix(l, "to_q"):
					return 0.5
				case strings.HasSuffix(l, "to_v"):
					return 2
				}
				return 1
			}},
	} {
		path := filepath.Join(t.TempDir(), fileName+".safetensors")
		renamed(t, path, c.name, c.more, c.about)
		got, err := ReadFile(path, "unet", network)
		if err != nil || len(got.Tensors) != len(want.Tensors) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for tensor, theirs := range want.Tensors {
			factor := 1.
			if layer, up := strings.CutSuffix(tensor, upEnd); up && c.factor != nil {
				factor = c.factor(layer)
			}
			for i, v := range got.Tensors[tensor].Data {
				if math.Abs(float64(v)-factor*float64(theirs.Data[i])) > 1e-7 {
					t.Errorf("%s: %s[%d] is %v, want %v times %v", name, tensor, i, v, factor, theirs.Data[i])
					break
				}
			}
		}
	}
	// PEFT's own directory.
	dir := t.TempDir()
	renamed(t, filepath.Join(dir, peftName+".safetensors"), func(l, d string) string { return "base_model.model." + l + "." + peftEnd[d] + ".weight" }, nil, nil)
	if _, err := Read(dir, "unet", network); err == nil || !strings.Contains(err.Error(), "no adapter_config.json beside it") {
		t.Errorf("without settings: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, peftSettings), []byte(`{"peft_type": "LORA", "r": 4, "lora_alpha": 2, "target_modules": ["to_q"], "bias": "none"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir, "unet", network)
	if err != nil || got.alpha() != 2 || got.Tensors[layer+upEnd].Data[0] != want.Tensors[layer+upEnd].Data[0]/2 {
		t.Errorf("PEFT's directory: %v", err)
	}
}

// TestOtherKindsOfAdapters are refused by what they are.
func TestOtherKindsOfAdapters(t *testing.T) {
	network := networkOf(t, "../models/testdata/tiny-stable-diffusion/unet/diffusion_pytorch_model.safetensors")
	one := func(name string) map[string]safetensors.Tensor {
		return map[string]safetensors.Tensor{name: {Dims: []int{4, 4}, Data: make([]float32, 16)}}
	}
	peft := func(l, d string) string { return "unet." + l + "." + peftEnd[d] + ".weight" }
	const layer = "unet.mid_block.attentions.0.proj_in"
	for want, c := range map[string]struct {
		more  map[string]safetensors.Tensor
		about string
	}{
		"DoRA":                   {more: one(layer + ".lora_magnitude_vector")},
		"holds DoRA":             {more: one("lora_unet_x.dora_scale")},
		"LoHa":                   {more: one("lora_unet_x.hada_w1_a")},
		"LoKr":                   {more: one("lora_unet_x.lokr_w1")},
		"lora_mid":               {more: one("lora_unet_x.lora_mid.weight")},
		"differences of whole":   {more: one("lora_unet_x.diff")},
		"are not of the unet":    {more: one("text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight")},
		"would have no effect":   {more: one("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight")},
		"another model, such as": {more: one("unet.down_blocks.9.attentions.0.proj_in.lora_A.weight")},
		"none of PEFT's":         {more: one("something.else")},
		"only unet.mid_block.attentions.0.proj_in.lora_A.weight": {more: one(layer + ".lora_A.weight")},
		`"use_dora" is set`:              {about: `{"unet.r": 4, "unet.use_dora": true}`},
		`"lora_bias" is set`:             {about: `{"unet.r": 4, "unet.lora_bias": true}`},
		`"bias" is set`:                  {about: `{"unet.r": 4, "unet.bias": "all"}`},
		`"init_lora_weights pissa"`:      {about: `{"unet.r": 4, "unet.init_lora_weights": "pissa_niter_4"}`},
		`"modules_to_save" is set`:       {about: `{"unet.r": 4, "unet.modules_to_save": ["conv_in"]}`},
		`its peft_type is "LOHA"`:        {about: `{"unet.peft_type": "LOHA"}`},
		"lora_alpha is -1":               {about: `{"unet.lora_alpha": -1}`},
		"alpha_pattern has the pattern":  {about: `{"unet.alpha_pattern": {"(": 1}}`},
		"alpha_pattern has no positive":  {about: `{"unet.alpha_pattern": {"a": "x"}}`},
		"lora_adapter_metadata: invalid": {about: `{`},
	} {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		about := map[string]string{}
		if c.about != "" {
			about[metadataKey] = c.about
		}
		renamed(t, path, peft, c.more, about)
		if _, err := ReadFile(path, "unet", network); err == nil || !strings.Contains(fmt.Sprint(err), want) && !strings.Contains(strings.ReplaceAll(fmt.Sprint(err), "unexpected end", "invalid"), want) || !strings.Contains(fmt.Sprint(err), path) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}
