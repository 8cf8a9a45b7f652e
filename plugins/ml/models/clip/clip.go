// Package clip is CLIP (Radford et al. 2021): a text and an image tower whose
// embeddings can be compared by their cosine, with the sizes, names and weights
// of a CLIPModel of Hugging Face's transformers; and the text tower alone, as
// Stable Diffusion uses it.
//
// Configuration, tensors and networks are apart: Config says the sizes, Tensors
// what the weight files must hold, Text.States and Vision.Pooled build graphs,
// Encoder and TextEncoder run them. Sizes come from files. The package refuses
// whatever in a configuration it would have to ignore.
package clip

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Tensors lists what the weight files of a model hold, in the files' shapes.
func (c Config) Tensors() []pretrained.Tensor {
	out := c.Text.tensors()
	if c.Vision != nil {
		out = append(out, c.Vision.tensors()...)
		out = append(out, pretrained.Tensor{Name: "visual_projection.weight", Dims: []int{c.Projection, c.Vision.Width}, Layout: pretrained.Linear})
	}
	if c.Projection > 0 {
		out = append(out, pretrained.Tensor{Name: "text_projection.weight", Dims: []int{c.Projection, c.Text.Width}, Layout: pretrained.Linear})
	}
	return out
}

// unused reports whether a tensor of the files is not part of the networks:
// indices that count up from 0, and the factor of the cosines in training.
func unused(name string) bool {
	return strings.HasSuffix(name, ".position_ids") || name == "logit_scale"
}

// ReadBoth is ReadConfig for a model that must have both towers, a CLIPModel.
func ReadBoth(directory string) (Config, error) {
	config, err := ReadConfig(directory)
	if err == nil && config.Vision == nil {
		err = sdk.Diagnostic{
			Summary: "The model in " + directory + " has no image tower",
			Detail:  `Its model_type is "clip_text_model". A CLIPModel, with the model_type "clip", is needed.`,
		}
	}
	return config, err
}

// Load reads the weights in directory that the configuration asks for.
func (c Config) Load(directory string) (*model.Store, error) {
	return load(directory, c.Tensors(), unused)
}

// LoadText reads the text tower in directory, configuration and weights: a CLIPTextModel, or that of a
// CLIPModel.
func LoadText(directory string) (Text, *model.Store, error) {
	config, err := ReadConfig(directory)
	if err != nil {
		return Text{}, nil, err
	}
	const tower = "text_model."
	store, err := load(directory, config.Text.tensors(), func(name string) bool {
		return unused(name) || !strings.HasPrefix(name, tower)
	})
	return config.Text, store, err
}

func load(directory string, tensors []pretrained.Tensor, ignore func(string) bool) (*model.Store, error) {
	weights, err := pretrained.Open(directory, "model")
	if err != nil {
		return nil, err
	}
	defer weights.Close()
	return weights.Load(tensors, ignore)
}

// tensors of a tower's layers under prefix.
func (t Tower) tensors(prefix string) []pretrained.Tensor {
	var out []pretrained.Tensor
	linear := func(name string, in, width int) {
		out = append(out,
			pretrained.Tensor{Name: name + ".weight", Dims: []int{width, in}, Layout: pretrained.Linear},
			pretrained.Tensor{Name: name + ".bias", Dims: []int{width}})
	}
	for i := range t.Layers {
		layer := fmt.Sprintf("%s.encoder.layers.%d.", prefix, i)
		for _, name := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
			linear(layer+"self_attn."+name, t.Width, t.Width)
		}
		linear(layer+"mlp.fc1", t.Width, t.Hidden)
		linear(layer+"mlp.fc2", t.Hidden, t.Width)
		out = append(out, t.norm(layer+"layer_norm1")...)
		out = append(out, t.norm(layer+"layer_norm2")...)
	}
	return out
}

// norm lists the tensors of a layer norm.
func (t Tower) norm(name string) []pretrained.Tensor {
	return []pretrained.Tensor{{Name: name + ".weight", Dims: []int{t.Width}}, {Name: name + ".bias", Dims: []int{t.Width}}}
}

func (t Text) tensors() []pretrained.Tensor {
	out := []pretrained.Tensor{
		{Name: "text_model.embeddings.token_embedding.weight", Dims: []int{t.Vocabulary, t.Width}},
		{Name: "text_model.embeddings.position_embedding.weight", Dims: []int{t.Positions, t.Width}},
	}
	out = append(out, t.Tower.tensors("text_model")...)
	return append(out, t.norm("text_model.final_layer_norm")...)
}

func (v Vision) tensors() []pretrained.Tensor {
	out := []pretrained.Tensor{
		{Name: "vision_model.embeddings.class_embedding", Dims: []int{v.Width}},
		{Name: "vision_model.embeddings.patch_embedding.weight", Dims: []int{v.Width, v.Channels, v.PatchSize, v.PatchSize}, Layout: pretrained.Linear},
		{Name: "vision_model.embeddings.position_embedding.weight", Dims: []int{v.Patches() + 1, v.Width}},
	}
	out = append(out, v.norm("vision_model.pre_layrnorm")...) // spelled so in the files
	out = append(out, v.Tower.tensors("vision_model")...)
	return append(out, v.norm("vision_model.post_layernorm")...)
}
