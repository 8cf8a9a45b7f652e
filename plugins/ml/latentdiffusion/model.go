// Package latentdiffusion samples from and fine-tunes latent diffusion models
// (Rombach et al. 2022), such as Stable Diffusion v1: a denoising network under
// named conditions, a solver, and an autoencoder. It reads published directories
// in the layout of diffusers.
//
// The package refuses to know how prompts become conditions, what conditions a
// network takes (Denoiser), and what the images are for. A safety checker in the
// directory is not read and not run.
package latentdiffusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/diffusion"
	"github.com/plumb-ml/plumb/plugins/ml/models/vae"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Model is a published model, without its text encoder.
type Model struct {
	Denoiser  Denoiser
	VAE       vae.Config
	Scheduler diffusion.SchedulerConfig

	// The weights.
	DenoiserStore *model.Store
	VAEStore      *model.Store

	in16 bool // the denoising network is computed in bfloat16 (In16)
}

// index is a directory's model_index.json. The configuration of a part says what it
// is.
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

// ReadConfig reads all of a model but its weights from its directory:
// model_index.json and the configurations of unet, vae and scheduler. Its error
// holds all mistakes in them.
func ReadConfig(directory string) (*Model, error) {
	rules := config.Rules{
		ClassKey: "_class_name", Classes: []string{"StableDiffusionPipeline"},
		Required: []string{"unet", "vae", "scheduler"},
		Only:     map[string]any{"image_encoder": []any{nil, nil}},
	}
	if _, err := config.Read(filepath.Join(directory, "model_index.json"), func(text []byte) (*index, error) {
		return &index{}, config.Decode(text, &index{}, rules)
	}); err != nil {
		return nil, err
	}
	m := &Model{}
	var wrong [3]error
	m.Scheduler, wrong[0] = diffusion.ReadSchedulerConfig(filepath.Join(directory, "scheduler", "scheduler_config.json"))
	m.VAE, wrong[1] = vae.ReadConfig(filepath.Join(directory, "vae"))
	m.Denoiser, wrong[2] = readDenoiser(directory)
	if err := errors.Join(wrong[:]...); err != nil {
		return nil, err
	}
	if in, out := m.Denoiser.LatentChannels(); in != m.VAE.LatentChannels || out != m.VAE.LatentChannels {
		return nil, sdk.Diagnostic{
			Summary: "The files in " + directory + " are of different models",
			Detail:  fmt.Sprintf("The %s takes %d and gives %d channels, latents of the vae have %d.", denoiserPart, in, out, m.VAE.LatentChannels),
		}
	}
	return m, nil
}

// Load reads the weights of a model from its directory.
func (m *Model) Load(backend compute.Backend, directory string) error {
	var wrong [2]error
	m.VAEStore, wrong[0] = m.VAE.Weights(backend).Read(filepath.Join(directory, "vae"))
	m.DenoiserStore, wrong[1] = m.Denoiser.Weights(backend).Read(filepath.Join(directory, denoiserPart))
	return errors.Join(wrong[:]...)
}

// Check compares the weights in a directory with the networks, by headers alone.
func (m *Model) Check(backend compute.Backend, directory string) error {
	return errors.Join(m.VAE.Weights(backend).Check(filepath.Join(directory, "vae")),
		m.Denoiser.Weights(backend).Check(filepath.Join(directory, denoiserPart)))
}

// Read reads a model from its directory.
func Read(backend compute.Backend, directory string) (*Model, error) {
	m, err := ReadConfig(directory)
	if err != nil {
		return nil, err
	}
	return m, m.Load(backend, directory)
}

// Finalize frees the weights.
func (m *Model) Finalize() {
	for _, store := range []*model.Store{m.VAEStore, m.DenoiserStore} {
		if store != nil {
			store.Finalize()
		}
	}
}
