// Package clipmodel is CLIP (Radford et al. 2021): a text and an image tower whose
// embeddings can be compared by their cosine, with the sizes, names and weights
// of a CLIPModel of Hugging Face's transformers; and the text tower alone, as
// Stable Diffusion uses it.
//
// Configuration, weights and networks are apart: Config says the sizes, Weights
// what the files must hold, Text.States and Vision.Pooled build graphs, Encoder
// and TextEncoder run them. Sizes come from files. The package refuses whatever
// in a configuration it would have to ignore.
package clipmodel

import (
	"github.com/plumb-ml/plumb/plugins/sdk"
)

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
