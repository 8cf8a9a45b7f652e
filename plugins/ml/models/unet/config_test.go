package unet

import (
	"os"
	"reflect"
	"strings"
	"testing"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// changed writes the tiny network's configuration with a change into a new
// directory.
func changed(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(tiny + "/config.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("there is no %s to change", from)
	}
	directory := t.TempDir()
	if err := os.WriteFile(directory+"/config.json", []byte(strings.Replace(string(text), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	return directory
}

func TestConfig(t *testing.T) {
	config, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	if config.CrossWidth != 32 || !reflect.DeepEqual(config.Channels, []int{16, 32, 48, 48}) || config.SampleSize != (Size{16, 16}) || config.Heads.of(3) != 8 || config.NormEpsilon != 1e-5 {
		t.Errorf("%+v", config)
	}
	// A list of heads, and keys that newer files have with their defaults.
	newer, err := ReadConfig(changed(t, `"attention_head_dim": 8`, `"attention_head_dim": [8, 8, 4, 4], "use_linear_projection": true, "upcast_attention": true,
		"class_embed_type": null, "resnet_time_scale_shift": "default", "conv_in_kernel": 3, "dual_cross_attention": false, "encoder_hid_dim": null, "brand_new": null`))
	if err != nil {
		t.Fatal(err)
	}
	if oblong, err := ReadConfig(changed(t, `"sample_size": 16`, `"sample_size": [16, 24]`)); err != nil || oblong.SampleSize != (Size{16, 24}) {
		t.Errorf("%v, %v", oblong.SampleSize, err)
	}
	if !newer.LinearTransform || newer.Heads.of(2) != 4 {
		t.Errorf("%+v", newer)
	}
	// The sizes of Stable Diffusion v1 give its 859,520,964 weights.
	v1 := config
	v1.Channels, v1.CrossWidth, v1.NormGroups = []int{320, 640, 1280, 1280}, 768, 32
	total := 0
	for _, need := range v1.Weights(golden.Backend(t)).Needs {
		total += safetensors.Size(need.Dims)
	}
	if total != 859520964 {
		t.Errorf("%d weights, want 859520964", total)
	}
}

func TestRefusesConfigs(t *testing.T) {
	for _, test := range []struct{ from, to, want string }{
		{`"UNet2DConditionModel"`, `"UNet3DConditionModel"`, `"UNet3DConditionModel"`},
		// SDXL has the same class.
		{`"act_fn": "silu"`, `"act_fn": "silu", "addition_embed_type": "text_time"`, `"addition_embed_type" is "text_time": only null`},
		{`"act_fn": "silu"`, `"act_fn": "silu", "transformer_layers_per_block": [1, 2, 10]`, `"transformer_layers_per_block" is [1, 2, 10], and there are 4 down_block_types`},
		{`"act_fn": "silu"`, `"act_fn": "silu", "transformer_layers_per_block": [1, 2, 1, 1]`, `"transformer_layers_per_block" is [1, 2, 1, 1]: the same for every block is supported`},
		{`"act_fn": "silu"`, `"act_fn": "silu", "mid_block_type": null`, `"mid_block_type" is null, which is not supported`},
		{`"norm_num_groups": 8`, `"norm_num_groups": null`, `"norm_num_groups" is null`},
		{`"cross_attention_dim": 32`, `"cross_attention_dim": [32, 32, 32, 64]`, `"cross_attention_dim" is [32, 32, 32, 64]: the same`},
		{`"layers_per_block": 2`, `"layers_per_block": "2"`, `"layers_per_block" is "2": it must be a whole number`},
		{`"act_fn": "silu"`, `"act_fn": "silu", "class_embed_type": "timestep"`, `"class_embed_type" is "timestep"`},
		{`"act_fn": "silu"`, `"act_fn": "gelu"`, `"act_fn" is "gelu"`},
		{`"freq_shift": 0`, `"freq_shift": 1`, `"freq_shift" is 1: only 0`},
		{`"flip_sin_to_cos": true`, `"flip_sin_to_cos": false`, `"flip_sin_to_cos" is false`},
		{`"in_channels": 4,`, ``, `"in_channels" is missing`},
		{`"layers_per_block": 2`, `"layers_per_block": [2, 2]`, `"layers_per_block" is [2, 2]`},
		{`"DownBlock2D"`, `"SimpleCrossAttnDownBlock2D"`, `"SimpleCrossAttnDownBlock2D": supported are`},
		{`"UpBlock2D"`, `"ResnetUpsampleBlock2D"`, `"ResnetUpsampleBlock2D": supported are`},
		{`"attention_head_dim": 8`, `"attention_head_dim": 5`, "5 attention heads do not divide"},
		{`"attention_head_dim": 8`, `"attention_head_dim": [8, 8]`, "2 numbers for 4 blocks"},
		{`"attention_head_dim": 8`, `"attention_head_dim": "8"`, "neither a number nor a list"},
		{`"norm_num_groups": 8`, `"norm_num_groups": 7`, "norm_num_groups 7 does not divide"},
		{`"norm_num_groups": 8`, `"norm_num_groups": 0`, `"norm_num_groups" must be at least 1`},
		{`    48,`, ``, "3 block_out_channels, 4 down_block_types"},
		{`"sample_size": 16`, `"sample_size": [16]`, `"sample_size" is [16]`},
		{`"sample_size"`, `"novelty"`, `"novelty" is 16: this key is not supported`},
	} {
		directory := changed(t, test.from, test.to)
		if config, err := ReadConfig(directory); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), directory) {
			t.Errorf("%s: %+v, error %v, want one that says %s", test.to, config, err, test.want)
		}
	}
}

// TestListsForBlocks: a list of equal values, one for each block, is as good as one.
func TestListsForBlocks(t *testing.T) {
	plain, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		`"layers_per_block": 2`:     `"layers_per_block": [2, 2, 2, 2]`,
		`"cross_attention_dim": 32`: `"cross_attention_dim": [32, 32, 32, 32]`,
		`"act_fn": "silu"`:          `"act_fn": "silu", "transformer_layers_per_block": [1, 1, 1, 1], "only_cross_attention": [false, false, false, false], "mid_block_only_cross_attention": false`,
	} {
		if got, err := ReadConfig(changed(t, from, to)); err != nil || !reflect.DeepEqual(got, plain) {
			t.Errorf("%s: %+v, %v", to, got, err)
		}
	}
}

// TestWeightsOfAnotherConfiguration: the shapes tell.
func TestWeightsOfAnotherConfiguration(t *testing.T) {
	weights, err := os.ReadFile(tiny + "/diffusion_pytorch_model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ from, to, want string }{
		{`"cross_attention_dim": 32`, `"cross_attention_dim": 64`, `down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight is F32 [16 32], expected F32, F16 or BF16 [16 64]`},
		{`"act_fn": "silu"`, `"act_fn": "silu", "use_linear_projection": true`, `proj_in.weight is F32 [16 16 1 1], expected F32, F16 or BF16 [16 16]`},
		{`"layers_per_block": 2`, `"layers_per_block": 3`, `that are missing: 244`},
		{`"in_channels": 4`, `"in_channels": 9`, `conv_in.weight is F32 [16 4 3 3], expected F32, F16 or BF16 [16 9 3 3]`},
	} {
		directory := changed(t, test.from, test.to)
		if err := os.WriteFile(directory+"/diffusion_pytorch_model.safetensors", weights, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Read(golden.Backend(t), directory); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %s", test.to, err, test.want)
		}
	}
}
