package clipmodel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	golden "github.com/plumb-ml/plumb/plugins/ml/models/goldentest"
)

func TestReadConfig(t *testing.T) {
	both, err := ReadConfig(tiny)
	if err != nil {
		t.Fatal(err)
	}
	text := Text{Tower: Tower{32, 128, 2, 4, "quick_gelu", 1e-5}, Vocabulary: 1014, Positions: 77, End: 2, Projection: 24}
	vision := Vision{Tower: Tower{48, 192, 3, 4, "quick_gelu", 1e-5}, Channels: 3, ImageSize: 32, PatchSize: 8}
	if both.Text != text || *both.Vision != vision || both.Projection != 24 {
		t.Errorf("%+v %+v", both, *both.Vision)
	}
	alone, err := ReadConfig(textEncoder)
	if err != nil {
		t.Fatal(err)
	}
	text.Layers = 3
	if alone.Text != text || alone.Vision != nil || alone.Projection != 0 {
		t.Errorf("%+v", alone)
	}
}

// TestDefaults: published files leave out what is as in ViT-B/32, and have two
// names for the parts.
func TestDefaults(t *testing.T) {
	config, err := parse([]byte(`{
		"model_type": "clip", "projection_dim": 768, "text_config_dict": null,
		"text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "is_decoder": false, "pruned_heads": {}, "top_k": 50},
		"vision_config": {"image_size": 224},
		"vision_config_dict": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336, "patch_size": 14, "hidden_act": "gelu"}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	text := Text{Tower: Tower{768, 3072, 12, 12, "quick_gelu", 1e-5}, Vocabulary: 49408, Positions: 77, End: 49407, Projection: 512}
	vision := Vision{Tower: Tower{1024, 4096, 24, 16, "gelu", 1e-5}, Channels: 3, ImageSize: 336, PatchSize: 14}
	if config.Text != text || *config.Vision != vision || config.Projection != 768 {
		t.Errorf("%+v %+v", config, *config.Vision)
	}
	if got := config.Vision.Patches(); got != 576 {
		t.Errorf("%d patches", got)
	}
	config, err = parse([]byte(`{"model_type": "clip_text_model", "architectures": ["CLIPTextModelWithProjection"], "projection_dim": 1280}`))
	if err != nil || config.Projection != 1280 || config.Text.Projection != 1280 {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestConfigMistakes(t *testing.T) {
	for content, want := range map[string][]string{
		`{"model_type": "siglip", "architectures": ["SiglipModel"]}`: {"siglip", "another model"},
		`{}`: {"model_type"},
		`{"model_type": "clip", "quantization_config": {"bits": 4}, "projection_dim": 0,
		  "text_config": {"hidden_act": "gelu_new", "num_attention_heads": 7, "is_decoder": true, "pruned_heads": {"1": [2]}},
		  "vision_config": {"num_channels": 1, "patch_size": 15, "layer_norm_eps": 0, "add_cross_attention": true}}`: {
			`"quantization_config" is {"bits": 4}: only null`, `"projection_dim" is 0`,
			`"text_config.hidden_act" is "gelu_new"`, `"text_config.num_attention_heads" is 7`, "text_config.is_decoder", "text_config.pruned_heads",
			`"vision_config.num_channels" is 1`, `"vision_config.patch_size" is 15`, `"vision_config.layer_norm_eps" is 0`, "vision_config.add_cross_attention",
		},
		`{"model_type": "clip", "vision_config": {"patch_size": 0, "image_size": -3, "num_attention_heads": 0}}`:     {`patch_size" is 0`, `image_size" is -3`, `num_attention_heads" is 0`},
		`{"model_type": "clip_text_model", "num_hidden_layers": 1000000, "max_position_embeddings": 1}`:              {`"num_hidden_layers" is 1000000`, `"max_position_embeddings" is 1`},
		`{"model_type": "clip_text_model", "vocab_size": -1, "hidden_size": 99999999}`:                               {"vocab_size", "hidden_size"},
		`{"model_type": "clip", "text_config": {"hidden_size": "wide"}}`:                                             {"text_config.hidden_size"},
		`{"model_type": "clip", "vision_config": [1]}`:                                                               {"vision_config", "array"},
		`{"model_type": "clip", "quantization_config": 7, "text_config": {"is_decoder": "no"}, "projection_dim": 4}`: {"is_decoder"},
		`{"model_type"`: {configFile},
	} {
		directory := t.TempDir()
		if err := os.WriteFile(filepath.Join(directory, configFile), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadConfig(directory)
		if err == nil {
			t.Errorf("%s: it is read", content)
			continue
		}
		for _, w := range append(want, directory) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", content, err, w)
			}
		}
	}
	if _, err := ReadConfig(t.TempDir()); err == nil || !strings.Contains(err.Error(), "No "+configFile) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := ReadBoth(textEncoder); err == nil || !strings.Contains(err.Error(), "no image tower") {
		t.Errorf("a text model as a pair: %v", err)
	}
}

// FuzzParse: whatever a configuration says, reading it does not panic, and one
// without mistakes asks for a network that can be listed.
func FuzzParse(f *testing.F) {
	for _, directory := range []string{tiny, textEncoder} {
		content, err := os.ReadFile(filepath.Join(directory, configFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte(`{"model_type": "clip", "text_config": null, "vision_config_dict": {"patch_size": 0}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		config, err := parse(content)
		if err != nil {
			return
		}
		for _, need := range config.Weights(golden.Backend(t)).Needs {
			for _, d := range need.Dims {
				if d < 1 {
					t.Errorf("weight %s has the shape %v", need.Name, need.Dims)
				}
			}
		}
	})
}
