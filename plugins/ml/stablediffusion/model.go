// Package stablediffusion draws with Stable Diffusion v1 and its kin (Rombach et
// al. 2022): from the embeddings of prompts and from noise, by way of a
// denoising network, a solver and a decoder. It reads published directories in
// the layout of diffusers.
//
// The package refuses to know how prompts become embeddings, and what the
// images are for. A safety checker in the directory is not read and not run.
package stablediffusion

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/modelconfig"
	"github.com/plumb-ml/plumb/plugins/ml/models/unet"
	"github.com/plumb-ml/plumb/plugins/ml/models/vae"
)

// Model is a published model, without its text encoder.
type Model struct {
	UNet      unet.Config
	VAE       vae.Config
	Scheduler diffusion.SchedulerConfig

	// The weights.
	UNetStore *model.Store
	VAEStore  *model.Store
}

// index is a directory's model_index.json. What a part is its own configuration
// says.
type index struct {
	UNet           json.RawMessage `json:"unet"`
	VAE            json.RawMessage `json:"vae"`
	Scheduler      json.RawMessage `json:"scheduler"`
	TextEncoder    json.RawMessage `json:"text_encoder"`
	Tokenizer      json.RawMessage `json:"tokenizer"`
	Safety         json.RawMessage `json:"safety_checker"`
	Features       json.RawMessage `json:"feature_extractor"` // of the safety checker
	RequiresSafety json.RawMessage `json:"requires_safety_checker"`
}

// Read reads a model from its directory: model_index.json, unet, vae and
// scheduler.
func Read(backend compute.Backend, directory string) (*Model, error) {
	rules := modelconfig.Rules{
		ClassKey: "_class_name", Classes: []string{"StableDiffusionPipeline"},
		Required: []string{"unet", "vae", "scheduler"},
		Only:     map[string]any{"image_encoder": []any{nil, nil}},
	}
	if _, err := modelconfig.Read(filepath.Join(directory, "model_index.json"), func(text []byte) (*index, error) {
		return &index{}, modelconfig.Decode(text, &index{}, rules)
	}); err != nil {
		return nil, err
	}
	m := &Model{}
	var err error
	if m.Scheduler, err = diffusion.ReadSchedulerConfig(filepath.Join(directory, "scheduler", "scheduler_config.json")); err != nil {
		return nil, err
	}
	if m.VAE, m.VAEStore, err = vae.Read(backend, filepath.Join(directory, "vae")); err != nil {
		return nil, err
	}
	if m.UNet, m.UNetStore, err = unet.Read(backend, filepath.Join(directory, "unet")); err != nil {
		return nil, err
	}
	if m.UNet.InChannels != m.VAE.LatentChannels || m.UNet.OutChannels != m.VAE.LatentChannels {
		return nil, fmt.Errorf("%s: the unet takes %d and gives %d channels, latents of the vae have %d", directory, m.UNet.InChannels, m.UNet.OutChannels, m.VAE.LatentChannels)
	}
	return m, nil
}
