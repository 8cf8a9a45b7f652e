package latentdiffusion

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/lora"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Trainable reads the denoising network's weights from the model's directory for
// Tune, which trains all of them, or adapters beside them. known are adapters that
// the model has already, nil if none; they are trained further, or become part of
// the weights.
func (m *Model) Trainable(backend compute.Backend, directory string, known *lora.Adapters, settings Settings, seed uint64) (*model.Store, error) {
	if l := settings.LoRA; l != nil && known != nil && !l.Equal(known.Config) {
		return nil, sdk.Diagnostic{
			Summary: "Adapters of another kind on top of adapters",
			Detail:  fmt.Sprintf("The model that is tuned has adapters with %s. Write the same block lora to train them further, or none to make them part of the weights and train all of these.", known.Config),
		}
	}
	weights := m.Denoiser.Weights(backend)
	if settings.LoRA == nil {
		store, err := weights.Read(filepath.Join(directory, denoiserPart))
		if err != nil || known == nil {
			return store, err
		}
		return store, known.Merge(store)
	}
	// Mistakes in the settings are found before gigabytes are read.
	if err := settings.LoRA.Check(); err != nil {
		return nil, err
	}
	if _, err := settings.LoRA.Needs(denoiserPart, weights.Needs); err != nil {
		return nil, err
	}
	store, err := weights.Read(filepath.Join(directory, denoiserPart))
	if err != nil {
		return nil, err
	}
	var begin map[string]safetensors.Tensor
	if known != nil {
		begin = known.Trained()
	}
	return m.Adapted(backend, store, begin, settings, seed)
}

// ReadAdapters reads the adapters of the denoising network in a directory; nil if
// there are none.
func (m *Model) ReadAdapters(backend compute.Backend, directory string) (*lora.Adapters, error) {
	return lora.Read(directory, denoiserPart, m.Denoiser.Weights(backend).Needs)
}

// ReadLoRA reads adapters of the denoising network from a file, or from a directory
// that has them.
func (m *Model) ReadLoRA(backend compute.Backend, path string) (*lora.Adapters, error) {
	needs := m.Denoiser.Weights(backend).Needs
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read LoRA: %w", err)
	}
	if !info.IsDir() {
		return lora.ReadFile(path, denoiserPart, needs)
	}
	read, err := lora.Read(path, denoiserPart, needs)
	if err == nil && read == nil {
		return nil, sdk.Diagnostic{Summary: "No LoRA in " + path, Detail: "A directory of LoRA has pytorch_lora_weights.safetensors, or adapter_model.safetensors beside adapter_config.json. Name such a directory, or the file itself."}
	}
	return read, err
}

// Adapted returns the store that Tune trains by the settings: the given one with
// the denoising network's weights, or one with adapters beside frozen weights. begin
// are adapters to go on with, by name; nil: new ones. The given store is not to be
// used afterwards.
func (m *Model) Adapted(backend compute.Backend, store *model.Store, begin map[string]safetensors.Tensor, settings Settings, seed uint64) (*model.Store, error) {
	if settings.LoRA == nil {
		return store, nil
	}
	if err := settings.LoRA.Check(); err != nil {
		return nil, err
	}
	needs, err := settings.LoRA.Needs(denoiserPart, m.Denoiser.Weights(backend).Needs)
	if err != nil {
		return nil, err
	}
	if err := settings.LoRA.Add(store, needs, begin, seed); err != nil || settings.Precision != BFloat16 {
		return store, err
	}
	return halved(store, func(v *model.Variable) bool { return !v.Trainable })
}

// WriteTuned writes the result of Tune on the model in directory into output: its
// adapters, if these were trained, else a whole model. With the adapters of a model
// that is a checkpoint itself, the base model is copied too, since the store may
// drop it.
func (m *Model) WriteTuned(backend compute.Backend, output, directory string, checkpoint bool, store *model.Store, settings Settings) error {
	if settings.LoRA == nil {
		if err := copyModel(output, directory, false); err != nil {
			return err
		}
		return m.Denoiser.Weights(backend).Write(filepath.Join(output, denoiserPart), train.Tensors(store))
	}
	if checkpoint {
		if err := copyModel(output, directory, true); err != nil {
			return err
		}
	}
	return lora.New(*settings.LoRA, train.Trained(store)).Write(output, denoiserPart)
}
