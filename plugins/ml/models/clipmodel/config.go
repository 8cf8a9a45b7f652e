package clipmodel

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
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
func defaults() (Text, Vision) {
	text := Text{Tower: Tower{512, 2048, 12, 8, "quick_gelu", 1e-5}, Vocabulary: 49408, Positions: 77, End: 49407, Projection: 512}
	vision := Vision{Tower: Tower{768, 3072, 12, 12, "quick_gelu", 1e-5}, Channels: 3, ImageSize: 224, PatchSize: 32}
	return text, vision
}

// ReadConfig reads config.json in directory: that of a CLIPModel, or of a
// CLIPTextModel with or without projection.
func ReadConfig(directory string) (Config, error) {
	return config.Read(filepath.Join(directory, configFile), parse)
}

// The values of model_type.
const (
	pairType = "clip"
	textType = "clip_text_model"
)

// file is config.json: a text model's own keys, or a pair's parts.
type file struct {
	Text
	Type          string          `json:"model_type"`
	Architectures []string        `json:"architectures"`
	TextPart      json.RawMessage `json:"text_config"`
	OldText       json.RawMessage `json:"text_config_dict"` // where present, it counts
	Vision        json.RawMessage `json:"vision_config"`
	OldVision     json.RawMessage `json:"vision_config_dict"`
}

// rules refuse the keys that would change the networks in a way that is not
// built here, in the file (within "") or in a part of it.
func rules(within string) config.Rules {
	r := config.Rules{
		Within: within, Others: true,
		Only: map[string]any{"quantization_config": nil, "pruned_heads": map[string]any{}, "is_decoder": false, "add_cross_attention": false},
	}
	if within == "" {
		r.ClassKey, r.Classes = "model_type", []string{pairType, textType}
	}
	return r
}

// parse returns all that is wrong with a configuration in one error.
func parse(content []byte) (Config, error) {
	text, vision := defaults()
	f := file{Text: text}
	wrong := config.Mistakes{config.Decode(content, &f, rules(""))}
	switch f.Type {
	case pairType:
		wrong = append(wrong,
			config.Decode(latest(f.TextPart, f.OldText), &text, rules("text_config.")), text.check("text_config."),
			config.Decode(latest(f.Vision, f.OldVision), &vision, rules("vision_config.")), vision.check("vision_config."),
			positive("projection_dim", f.Projection))
		return Config{Text: text, Vision: &vision, Projection: f.Projection}, wrong.Err()
	case textType:
		c := Config{Text: f.Text}
		wrong = append(wrong, f.Text.check(""))
		if slices.Contains(f.Architectures, "CLIPTextModelWithProjection") {
			c.Projection = f.Projection
			wrong = append(wrong, positive("projection_dim", f.Projection))
		}
		return c, wrong.Err()
	}
	return Config{}, wrong.Err()
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

// Bounds of what a configuration may ask for. They are far beyond any CLIP, and
// keep a damaged file from asking for all memory.
const (
	largestSize   = 1 << 22
	mostLayers    = 1 << 10
	mostPositions = 1 << 12 // of texts
	rgb           = 3
)

// activations by their names in the file.
var activations = []string{"quick_gelu", "gelu"}

// positive refuses a size that is none.
func positive(key string, value int) error {
	if value < 1 || value > largestSize {
		return fmt.Errorf("%q is %d: it must be 1 to %d", key, value, largestSize)
	}
	return nil
}

// check refuses sizes of which no tower can be built. within is where they are
// in the file.
func (t Tower) check(within string) error {
	wrong := config.Mistakes{
		positive(within+"hidden_size", t.Width), positive(within+"intermediate_size", t.Hidden),
		positive(within+"num_hidden_layers", t.Layers), positive(within+"num_attention_heads", t.Heads),
	}
	if t.Layers > mostLayers {
		wrong.Addf("%q is %d: it must be at most %d", within+"num_hidden_layers", t.Layers, mostLayers)
	}
	if t.Heads > 0 && t.Width%t.Heads != 0 {
		wrong.Addf("%q is %d, which does not divide hidden_size %d", within+"num_attention_heads", t.Heads, t.Width)
	}
	if !slices.Contains(activations, t.Activation) {
		wrong.Addf("%q is %q: supported are %s", within+"hidden_act", t.Activation, strings.Join(activations, ", "))
	}
	if !(t.Epsilon > 0) {
		wrong.Addf("%q is %v: it must be more than 0", within+"layer_norm_eps", t.Epsilon)
	}
	return wrong.Err()
}

func (t Text) check(within string) error {
	wrong := config.Mistakes{t.Tower.check(within), positive(within+"vocab_size", t.Vocabulary)}
	if t.Positions < 2 || t.Positions > mostPositions {
		wrong.Addf("%q is %d: it must be 2 to %d", within+"max_position_embeddings", t.Positions, mostPositions)
	}
	return wrong.Err()
}

func (v Vision) check(within string) error {
	wrong := config.Mistakes{v.Tower.check(within), positive(within+"image_size", v.ImageSize), positive(within+"patch_size", v.PatchSize)}
	if v.Channels != rgb {
		wrong.Addf("%q is %d: images have %d", within+"num_channels", v.Channels, rgb)
	}
	if v.PatchSize > 0 && v.ImageSize%v.PatchSize != 0 {
		wrong.Addf("%q is %d, which does not divide image_size %d", within+"patch_size", v.PatchSize, v.ImageSize)
	}
	return wrong.Err()
}
