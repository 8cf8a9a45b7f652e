package stablediffusion

import (
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
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
	if err := settings.LoRA.check(); err != nil {
		return nil, err
	}
	needs, err := settings.LoRA.needs(weights.Needs)
	if err != nil {
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
	if err := settings.LoRA.add(store, needs, begin, seed); err != nil || settings.Precision != BFloat16 {
		return store, err
	}
	return halved(store)
}

// halved is a store with the frozen matrices and kernels of another one in
// bfloat16, which is all of them that is computed with. The other one is freed.
func halved(store *model.Store) (*model.Store, error) {
	half := model.NewStore()
	defer store.Finalize()
	for v := range store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("halve weights: %w", err)
		}
		dims, floats := v.Shape().Dimensions, tensors.MustCopyFlatData[float32](value)
		other := tensors.FromFlatDataAndDimensions(floats, dims...)
		if !v.Trainable && len(dims) > 1 {
			short := make([]bfloat16.BFloat16, len(floats))
			for i, f := range floats {
				short[i] = bfloat16.FromFloat32(f)
			}
			other = tensors.FromFlatDataAndDimensions(short, dims...)
		}
		w, err := half.CreateVariable(v.Path(), other)
		if err != nil {
			return nil, fmt.Errorf("halve weights: %w", err)
		}
		w.SetTrainable(v.Trainable)
	}
	return half, nil
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
