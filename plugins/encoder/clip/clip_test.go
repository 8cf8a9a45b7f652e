package clip

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/ml/backends/backendstest"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// tiny is a CLIPModel with small random weights.
const tiny = "../../ml/models/testdata/tiny-clip"

func configured(t *testing.T, directory string) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]string{"weights": directory})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func openFrom(t *testing.T, directory string) (sdk.TextEncoder, error) {
	t.Helper()
	instance, err := Component().Open(t.Context(), sdk.OpenRequest{Config: configured(t, directory), Backend: backendstest.Name()})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := instance.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	})
	return instance.(sdk.TextEncoder), nil
}

func photograph(t *testing.T, name string) sdk.Image {
	t.Helper()
	content, err := os.ReadFile("../../ml/preprocess/testdata/" + name + ".png")
	if err != nil {
		t.Fatal(err)
	}
	image, err := imaging.Decode(content, imaging.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// prompts of tiny's golden embeddings; the last one is too long.
var prompts = []string{
	"a photo of a cat",
	"a red car on a green street, 1980s",
	"",
	strings.Repeat("the quick brown fox jumps over the lazy dog and keeps running ", 12),
}

// TestEmbeddings: from files of images and from texts to the embeddings of
// openai/CLIP.
func TestEmbeddings(t *testing.T) {
	want, err := safetensors.Read("../../ml/models/testdata/clip_expected.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := openFrom(t, tiny)
	if err != nil {
		t.Fatal(err)
	}
	var images []sdk.Image
	for _, name := range []string{"rgb_67x45", "rgb_51x131", "gray_29x21"} {
		images = append(images, photograph(t, name))
	}
	pictures, err := encoder.EncodeImages(t.Context(), images)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := encoder.EncodeTexts(t.Context(), prompts)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][][]float32{"image_embeds_unnormalized": pictures, "text_embeds_unnormalized": texts} {
		tensor := want.Tensors[name]
		width := tensor.Dims[1]
		if len(got) != tensor.Dims[0] {
			t.Fatalf("%s: %d vectors", name, len(got))
		}
		worst := 0.0
		for i, vector := range got {
			if len(vector) != width {
				t.Fatalf("%s: %d numbers", name, len(vector))
			}
			for j, v := range vector {
				worst = max(worst, math.Abs(float64(v)-float64(tensor.Data[i*width+j])))
			}
		}
		t.Logf("%s differs by at most %.1e", name, worst)
		if !(worst <= 2e-5) {
			t.Errorf("%s differs by %g", name, worst)
		}
	}
}

func TestContract(t *testing.T) {
	plugintest.Run(t, sdk.Plugin{Name: "test", Components: []sdk.Component{Component()}}, plugintest.Case{
		Kind: sdk.KindEncoder, Component: "clip", Config: configured(t, tiny),
		Images: []sdk.Image{photograph(t, "rgb_67x45"), photograph(t, "rgb_51x131"), photograph(t, "gray_29x21")},
	})
}

// TestKey: the host puts the digest of the weights into the key because of this.
func TestKey(t *testing.T) {
	if weights := Component().Schema.Attributes[0]; weights.Name != "weights" || !weights.Path || !weights.Required {
		t.Errorf("attribute %+v", weights)
	}
}

// spoiled is a copy of the tiny model with one file changed.
func spoiled(t *testing.T, file string, change func(content string) string) string {
	t.Helper()
	directory := t.TempDir()
	if err := os.CopyFS(directory, os.DirFS(tiny)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, file)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(content))
	if changed == string(content) {
		t.Fatalf("nothing changed in %s", file)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	return directory
}

func replaced(old, new string) func(string) string {
	return func(content string) string { return strings.Replace(content, old, new, 1) }
}

func TestMistakes(t *testing.T) {
	for name, test := range map[string]struct {
		file   string
		change func(string) string
		want   []string
	}{
		"small text tower":   {"config.json", replaced(`"vocab_size": 1014`, `"vocab_size": 1000`), []string{"1014 tokens", "vocab_size is 1000"}},
		"another end":        {"config.json", replaced(`"eos_token_id": 2`, `"eos_token_id": 7`), []string{"1013", "eos_token_id is 7"}},
		"another image size": {"preprocessor_config.json", func(c string) string { return strings.ReplaceAll(c, ": 32", ": 48") }, []string{"48 x 48", "image_size is 32"}},
		"a text model":       {"config.json", replaced(`"model_type": "clip",`, `"model_type": "clip_text_model",`), []string{"no image tower"}},
		"another family":     {"config.json", replaced(`"model_type": "clip",`, `"model_type": "siglip",`), []string{"siglip"}},
		"another size":       {"config.json", replaced(`"intermediate_size": 128`, `"intermediate_size": 64`), []string{"text_model.encoder.layers.0.mlp.fc1.weight is F32 [128 32], expected F32, F16 or BF16 [64 32]"}},
		"fewer layers":       {"config.json", replaced(`"num_hidden_layers": 3`, `"num_hidden_layers": 2`), []string{"left over", "vision_model.encoder.layers.2.layer_norm1.bias, F32 [48]"}},
		"more layers":        {"config.json", replaced(`"num_hidden_layers": 3`, `"num_hidden_layers": 4`), []string{"missing", "vision_model.encoder.layers.3.self_attn.q_proj.weight, F32, F16 or BF16 [48 48]"}},
		"truncated":          {"model.safetensors", func(c string) string { return c[:len(c)-100] }, []string{"truncated", "tensor"}},
		"several at once": {"config.json", func(c string) string {
			return strings.NewReplacer("quick_gelu", "relu", `"num_channels": 3`, `"num_channels": 1`).Replace(c)
		}, []string{`"text_config.hidden_act" is "relu"`, `"vision_config.hidden_act" is "relu"`, `"vision_config.num_channels" is 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			directory := spoiled(t, test.file, test.change)
			_, err := openFrom(t, directory)
			if err == nil {
				t.Fatal("it is opened")
			}
			for _, want := range append(test.want, directory) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	if _, err := openFrom(t, ""); err == nil || !strings.Contains(err.Error(), "weights") {
		t.Errorf("without weights: %v", err)
	}
	_, err := openFrom(t, t.TempDir())
	for _, want := range []string{"config.json", "tokenizer", "preprocessor_config.json"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("an empty directory: error %v does not say %q", err, want)
		}
	}
}
