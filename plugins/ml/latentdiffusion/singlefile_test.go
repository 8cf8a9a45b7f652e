package latentdiffusion

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

const tinyModel = "../../../experiments/tiny_sd/model"

// TestWholeNames: names of the published v1-5-pruned-emaonly.safetensors. The network
// there has four levels of two layers.
func TestWholeNames(t *testing.T) {
	for name, want := range map[string]string{
		"conv_in.weight":                                                  "input_blocks.0.0.weight",
		"time_embedding.linear_2.bias":                                    "time_embed.2.bias",
		"down_blocks.0.resnets.0.norm1.weight":                            "input_blocks.1.0.in_layers.0.weight",
		"down_blocks.0.downsamplers.0.conv.bias":                          "input_blocks.3.0.op.bias",
		"down_blocks.1.resnets.0.conv_shortcut.weight":                    "input_blocks.4.0.skip_connection.weight",
		"down_blocks.2.attentions.1.norm.weight":                          "input_blocks.8.1.norm.weight",
		"down_blocks.3.resnets.1.conv2.bias":                              "input_blocks.11.0.out_layers.3.bias",
		"mid_block.resnets.1.time_emb_proj.weight":                        "middle_block.2.emb_layers.1.weight",
		"mid_block.attentions.0.proj_in.weight":                           "middle_block.1.proj_in.weight",
		"up_blocks.0.upsamplers.0.conv.weight":                            "output_blocks.2.1.conv.weight",
		"up_blocks.1.upsamplers.0.conv.weight":                            "output_blocks.5.2.conv.weight",
		"up_blocks.3.attentions.2.transformer_blocks.0.attn1.to_q.weight": "output_blocks.11.1.transformer_blocks.0.attn1.to_q.weight",
		"conv_norm_out.bias":                                              "out.0.bias",
		"conv_out.weight":                                                 "out.2.weight",
	} {
		if got := wholeDenoiserName(name, 4, 2); got != want {
			t.Errorf("%s: %s instead of %s", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"quant_conv.weight": "quant_conv.weight",
		"encoder.down_blocks.1.resnets.0.conv_shortcut.bias": "encoder.down.1.block.0.nin_shortcut.bias",
		"encoder.down_blocks.2.downsamplers.0.conv.weight":   "encoder.down.2.downsample.conv.weight",
		"decoder.up_blocks.0.resnets.2.norm2.weight":         "decoder.up.3.block.2.norm2.weight",
		"decoder.up_blocks.2.upsamplers.0.conv.bias":         "decoder.up.1.upsample.conv.bias",
		"decoder.mid_block.resnets.1.conv1.weight":           "decoder.mid.block_2.conv1.weight",
		"encoder.mid_block.attentions.0.group_norm.weight":   "encoder.mid.attn_1.norm.weight",
		"encoder.mid_block.attentions.0.query.weight":        "encoder.mid.attn_1.q.weight",
		"encoder.mid_block.attentions.0.to_out.0.bias":       "encoder.mid.attn_1.proj_out.bias",
		"encoder.conv_norm_out.weight":                       "encoder.norm_out.weight",
	} {
		if got := wholeVAEName(name, 4, 2); got != want {
			t.Errorf("%s: %s instead of %s", name, got, want)
		}
	}
}

// whole writes the tiny model as one file under CompVis' names, the decoder's attention
// as convolutions of one pixel, as they are there.
func whole(t *testing.T, change func(map[string]safetensors.Tensor)) string {
	t.Helper()
	file := safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for part, prefix := range map[string]string{denoiserPart: wholeDenoiser, "vae": wholeVAE, "text_encoder": wholeText} {
		read, err := safetensors.Read(filepath.Join(tinyModel, part, weightsOf[part]+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		levels, layers := sizesOf(slices.Collect(maps.Keys(read.Tensors)))
		for name, tensor := range read.Tensors {
			switch part {
			case denoiserPart:
				name = wholeDenoiserName(name, levels, layers)
			case "vae":
				name = wholeVAEName(name, levels, layers)
				if strings.Contains(name, "attn_1") && len(tensor.Dims) == 2 {
					tensor.Dims = append(slices.Clone(tensor.Dims), 1, 1)
				}
			}
			if _, twice := file.Tensors[prefix+name]; twice {
				t.Fatalf("two tensors are called %s", prefix+name)
			}
			file.Tensors[prefix+name] = tensor
		}
	}
	if change != nil {
		change(file.Tensors)
	}
	path := filepath.Join(t.TempDir(), "whole.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUnpack(t *testing.T) {
	path := whole(t, nil)
	if kind, err := KindOfFile(path); kind != WholeFile || err != nil {
		t.Errorf("%s, %v", kind, err)
	}
	out := t.TempDir()
	if err := Unpack(path, tinyModel, out); err != nil {
		t.Fatal(err)
	}
	for part, name := range weightsOf {
		want, err := safetensors.Read(filepath.Join(tinyModel, part, name+".safetensors"))
		if os.IsNotExist(err) || err != nil && strings.Contains(err.Error(), "no such file") {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := safetensors.Read(filepath.Join(out, part, name+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Tensors) != len(want.Tensors) {
			t.Errorf("%s has %d tensors instead of %d", part, len(got.Tensors), len(want.Tensors))
		}
		for tensor, value := range want.Tensors {
			if !slices.Equal(got.Tensors[tensor].Data, value.Data) || !slices.Equal(got.Tensors[tensor].Dims, value.Dims) {
				t.Errorf("%s of %s changed", tensor, part)
			}
		}
	}
	if _, err := ReadConfig(out); err != nil {
		t.Error(err)
	}

	// A unet alone: the rest is that of the other model.
	unet := filepath.Join(tinyModel, denoiserPart, weightsOf[denoiserPart]+".safetensors")
	if kind, err := KindOfFile(unet); kind != DenoiserFile || err != nil {
		t.Errorf("%s, %v", kind, err)
	}
	if err := Unpack(unet, tinyModel, t.TempDir()); err != nil {
		t.Error(err)
	}
}

// What is of another architecture is named by the tensor that shows it.
func TestUnpackOfAnotherArchitecture(t *testing.T) {
	const known = wholeDenoiser + "input_blocks.0.0.weight"
	for words, change := range map[string]func(map[string]safetensors.Tensor){
		"has no tensor " + known: func(all map[string]safetensors.Tensor) { delete(all, known) },
		"is [5]": func(all map[string]safetensors.Tensor) {
			all[known] = safetensors.Tensor{Dims: []int{5}, Data: make([]float32, 5)}
		},
		"for which the model in": func(all map[string]safetensors.Tensor) {
			all[wholeDenoiser+"label_emb.0.0.weight"] = safetensors.Tensor{Dims: []int{1}, Data: []float32{1}}
		},
	} {
		if err := Unpack(whole(t, change), tinyModel, t.TempDir()); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, without %q", err, words)
		}
	}
	text := filepath.Join(tinyModel, "text_encoder", weightsOf["text_encoder"]+".safetensors")
	if err := Unpack(text, tinyModel, t.TempDir()); err == nil || !strings.Contains(err.Error(), "not the weights of a model") {
		t.Errorf("%v", err)
	}
}
