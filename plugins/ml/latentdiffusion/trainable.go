package latentdiffusion

import (
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Trainable reads the denoising network's weights from the model's directory,
// for Tune: all are trained, or adapters beside them. known are adapters that
// the model has already, nil if none; they are trained further, or become part
// of the weights.
func (m *Model) Trainable(backend compute.Backend, directory string, known *Adapters, settings Settings, seed uint64) (*model.Store, error) {
	if l := settings.LoRA; l != nil && known != nil && !l.same(known.LoRA) {
		return nil, sdk.Diagnostic{
			Summary: "Adapters of another kind on top of adapters",
			Detail: fmt.Sprintf("The model that is tuned has adapters with rank = %d, alpha = %v and targets = %q. Write the same block lora to train them further, or none to make them part of the weights and train all of these.",
				known.Rank, known.alpha(), sorted(known.Targets)),
		}
	}
	weights := m.UNet.Weights(backend)
	if settings.LoRA == nil {
		store, err := weights.Read(filepath.Join(directory, "unet"))
		if err != nil || known == nil {
			return store, err
		}
		return store, known.Merge(store)
	}
	// What is wrong with the settings shows before gigabytes are read.
	if err := settings.LoRA.check(); err != nil {
		return nil, err
	}
	if _, err := settings.LoRA.needs(weights.Needs); err != nil {
		return nil, err
	}
	store, err := weights.Read(filepath.Join(directory, "unet"))
	if err != nil {
		return nil, err
	}
	var begin map[string]safetensors.Tensor
	if known != nil {
		begin = known.trained()
	}
	return m.Adapted(backend, store, begin, settings, seed)
}

// Adapted makes the denoising network's weights in store into what Tune trains
// by the settings: itself, or with adapters beside frozen weights. begin are
// adapters to go on with, by name; nil: new ones. The store that comes back
// takes the place of the one that was given.
func (m *Model) Adapted(backend compute.Backend, store *model.Store, begin map[string]safetensors.Tensor, settings Settings, seed uint64) (*model.Store, error) {
	if settings.LoRA == nil {
		return store, nil
	}
	if err := settings.LoRA.check(); err != nil {
		return nil, err
	}
	needs, err := settings.LoRA.needs(m.UNet.Weights(backend).Needs)
	if err != nil {
		return nil, err
	}
	if err := settings.LoRA.add(store, needs, begin, seed); err != nil || settings.Precision != BFloat16 {
		return store, err
	}
	return halved(store, func(v *model.Variable) bool { return !v.Trainable })
}

// WriteTuned writes what Tune made of the model in directory into output: its
// adapters, if these were trained, and else a whole model. If the model is a
// checkpoint itself, which may be gone tomorrow, it goes along with adapters.
func (m *Model) WriteTuned(backend compute.Backend, output, directory string, checkpoint bool, store *model.Store, settings Settings) error {
	if settings.LoRA == nil {
		if err := copyModel(output, directory, false); err != nil {
			return err
		}
		return m.UNet.Weights(backend).Write(filepath.Join(output, "unet"), train.Tensors(store))
	}
	if checkpoint {
		if err := copyModel(output, directory, true); err != nil {
			return err
		}
	}
	return settings.LoRA.adapters(train.Trained(store)).Write(output)
}
