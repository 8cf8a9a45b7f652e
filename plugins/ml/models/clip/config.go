package clip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk"
)

// configFile is the configuration's name in a directory.
const configFile = "config.json"

// Tower is what the text and the image tower have in common.
type Tower struct {
	Width      int     `json:"hidden_size"`
	Hidden     int     `json:"intermediate_size"` // of the feed-forward layer
	Layers     int     `json:"num_hidden_layers"`
	Heads      int     `json:"num_attention_heads"`
	Activation string  `json:"hidden_act"`
	Epsilon    float64 `json:"layer_norm_eps"`
}

// Text is the text tower's configuration.
type Text struct {
	Tower
	Vocabulary int `json:"vocab_size"`
	Positions  int `json:"max_position_embeddings"`
	End        int `json:"eos_token_id"` // see oldEnd
	Projection int `json:"projection_dim"`
}

// Vision is the image tower's configuration.
type Vision struct {
	Tower
	Channels  int `json:"num_channels"`
	ImageSize int `json:"image_size"` // in pixels, height and width
	PatchSize int `json:"patch_size"` // in pixels, height and width
}

// Patches is the number of patches of an image.
func (v Vision) Patches() int { return (v.ImageSize / v.PatchSize) * (v.ImageSize / v.PatchSize) }

// Config is a config.json of the CLIP family.
type Config struct {
	Text       Text
	Vision     *Vision // nil in a text model
	Projection int     // width of the embeddings; 0 in a text model without one
}

// defaults are what the format takes for a key that is not written: files leave
// out what is as in CLIP ViT-B/32.
func defaults() (Text, Vision, int) {
	text := Text{Tower: Tower{512, 2048, 12, 8, "quick_gelu", 1e-5}, Vocabulary: 49408, Positions: 77, End: 49407, Projection: 512}
	vision := Vision{Tower: Tower{768, 3072, 12, 12, "quick_gelu", 1e-5}, Channels: 3, ImageSize: 224, PatchSize: 32}
	return text, vision, 512
}

// ReadConfig reads config.json in directory: that of a CLIPModel, or of a
// CLIPTextModel with or without projection.
func ReadConfig(directory string) (Config, error) {
	path := filepath.Join(directory, configFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, sdk.Diagnostic{
			Summary: "No " + configFile + " in " + directory,
			Detail:  "The directory must be one that transformers reads: config.json, model.safetensors and, for CLIP, the tokenizer's and preprocessor's files.",
		}
	}
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	config, mistakes, err := parse(content)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration %s: %w", path, err)
	}
	if len(mistakes) > 0 {
		return Config{}, sdk.Diagnostic{
			Summary: path + " is of no model that is supported",
			Detail:  strings.Join(mistakes, "\n"),
		}
	}
	return config, nil
}

// family is what tells a configuration's kind, and its parts.
type family struct {
	Type          string          `json:"model_type"`
	Architectures []string        `json:"architectures"`
	Text          json.RawMessage `json:"text_config"`
	OldText       json.RawMessage `json:"text_config_dict"` // where present, it counts
	Vision        json.RawMessage `json:"vision_config"`
	OldVision     json.RawMessage `json:"vision_config_dict"`
	Projection    *int            `json:"projection_dim"`
}

// parse returns all that is wrong with a configuration that can be read.
func parse(content []byte) (Config, []string, error) {
	var f family
	if err := json.Unmarshal(content, &f); err != nil {
		return Config{}, nil, err
	}
	text, vision, projection := defaults()
	if f.Projection != nil {
		projection = *f.Projection
	}
	switch f.Type {
	case "clip":
		texts, visions := latest(f.Text, f.OldText), latest(f.Vision, f.OldVision)
		if err := json.Unmarshal(texts, &text); err != nil {
			return Config{}, nil, fmt.Errorf("text_config: %w", err)
		}
		if err := json.Unmarshal(visions, &vision); err != nil {
			return Config{}, nil, fmt.Errorf("vision_config: %w", err)
		}
		mistakes := append(text.mistakes("text_config."), vision.mistakes("vision_config.")...)
		mistakes = append(mistakes, positive("projection_dim", projection)...)
		for prefix, part := range map[string]json.RawMessage{"": content, "text_config.": texts, "vision_config.": visions} {
			mistakes = append(mistakes, unsupported(prefix, part)...)
		}
		slices.Sort(mistakes)
		return Config{Text: text, Vision: &vision, Projection: projection}, mistakes, nil
	case "clip_text_model":
		if err := json.Unmarshal(content, &text); err != nil {
			return Config{}, nil, err
		}
		mistakes := append(text.mistakes(""), unsupported("", content)...)
		config := Config{Text: text}
		if slices.Contains(f.Architectures, "CLIPTextModelWithProjection") {
			config.Projection = text.Projection
			mistakes = append(mistakes, positive("projection_dim", text.Projection)...)
		}
		return config, mistakes, nil
	}
	return Config{}, []string{fmt.Sprintf("model_type is %q (architectures %q); it must be \"clip\" or \"clip_text_model\".", f.Type, f.Architectures)}, nil
}

// latest is the part that counts of the two names that it may have.
func latest(part, old json.RawMessage) json.RawMessage {
	for _, p := range []json.RawMessage{old, part} {
		if len(p) > 0 && string(p) != "null" {
			return p
		}
	}
	return json.RawMessage(`{}`)
}

// unsupported lists the keys of a part that would change the network in a way
// that is not built here. Other keys that are not read, of which files have
// dozens, are about training or text generation and change nothing.
func unsupported(prefix string, part json.RawMessage) []string {
	var keys struct {
		Quantization json.RawMessage            `json:"quantization_config"`
		Pruned       map[string]json.RawMessage `json:"pruned_heads"`
		Decoder      bool                       `json:"is_decoder"`
		Cross        bool                       `json:"add_cross_attention"`
	}
	if err := json.Unmarshal(part, &keys); err != nil {
		return []string{prefix + err.Error()}
	}
	var out []string
	if len(keys.Quantization) > 0 && string(keys.Quantization) != "null" {
		out = append(out, prefix+"quantization_config is set: weights must be floating-point numbers.")
	}
	if len(keys.Pruned) > 0 {
		out = append(out, prefix+"pruned_heads is not empty: all heads must be there.")
	}
	if keys.Decoder {
		out = append(out, prefix+"is_decoder is true: the towers are encoders.")
	}
	if keys.Cross {
		out = append(out, prefix+"add_cross_attention is true: the towers attend to themselves alone.")
	}
	return out
}

// Bounds of what a configuration may ask for. They are far beyond any CLIP, and
// keep a damaged file from asking for all memory.
const (
	largestSize  = 1 << 22
	mostLayers   = 1 << 10
	activations  = "quick_gelu gelu"
	rgb          = 3
	mostTextSize = 1 << 12 // positions
)

// positive refuses a size that is none.
func positive(key string, value int) []string {
	if value < 1 || value > largestSize {
		return []string{fmt.Sprintf("%s is %d; it must be 1 to %d.", key, value, largestSize)}
	}
	return nil
}

func (t Tower) mistakes(prefix string) []string {
	out := slices.Concat(
		positive(prefix+"hidden_size", t.Width), positive(prefix+"intermediate_size", t.Hidden),
		positive(prefix+"num_hidden_layers", t.Layers), positive(prefix+"num_attention_heads", t.Heads))
	if t.Layers > mostLayers {
		out = append(out, fmt.Sprintf("%snum_hidden_layers is %d; it must be at most %d.", prefix, t.Layers, mostLayers))
	}
	if t.Heads > 0 && t.Width%t.Heads != 0 {
		out = append(out, fmt.Sprintf("%snum_attention_heads is %d, which does not divide hidden_size %d.", prefix, t.Heads, t.Width))
	}
	if !slices.Contains(strings.Fields(activations), t.Activation) {
		out = append(out, fmt.Sprintf("%shidden_act is %q; supported are %s.", prefix, t.Activation, strings.ReplaceAll(activations, " ", " and ")))
	}
	if !(t.Epsilon > 0) {
		out = append(out, fmt.Sprintf("%slayer_norm_eps is %v; it must be more than 0.", prefix, t.Epsilon))
	}
	return out
}

func (t Text) mistakes(prefix string) []string {
	out := slices.Concat(t.Tower.mistakes(prefix), positive(prefix+"vocab_size", t.Vocabulary))
	if t.Positions < 2 || t.Positions > mostTextSize {
		out = append(out, fmt.Sprintf("%smax_position_embeddings is %d; it must be 2 to %d.", prefix, t.Positions, mostTextSize))
	}
	return out
}

func (v Vision) mistakes(prefix string) []string {
	out := slices.Concat(v.Tower.mistakes(prefix), positive(prefix+"image_size", v.ImageSize), positive(prefix+"patch_size", v.PatchSize))
	if v.Channels != rgb {
		out = append(out, fmt.Sprintf("%snum_channels is %d; images have %d.", prefix, v.Channels, rgb))
	}
	if v.PatchSize > 0 && v.ImageSize%v.PatchSize != 0 {
		out = append(out, fmt.Sprintf("%spatch_size is %d, which does not divide image_size %d.", prefix, v.PatchSize, v.ImageSize))
	}
	return out
}
