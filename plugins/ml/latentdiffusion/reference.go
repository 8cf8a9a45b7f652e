package latentdiffusion

import (
	"fmt"
	"path/filepath"
	"reflect"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Reference is the frozen network that a fine-tuning's losses compare the trained
// one with. The zero Reference is the network at the start of the training.
type Reference struct {
	// Store holds the weights of the whole network, adapters merged; nil: those
	// that the training begins with. The training takes them over.
	Store *model.Store
	// Adapted says, without a Store, that the training goes on with adapters that
	// do something already: the reference then has a copy of these. Otherwise the
	// adapters are new, and the reference is the network without them.
	Adapted bool
}

// ReadReference reads the denoising network of a checkpoint, which is a whole
// model, or adapters for the model in directory; "" is that model itself.
func (m *Model) ReadReference(backend compute.Backend, directory, checkpoint string) (*model.Store, error) {
	if checkpoint != "" && IsModel(checkpoint) {
		directory = checkpoint
	}
	network, err := readDenoiser(directory)
	if err != nil {
		return nil, fmt.Errorf("read the reference: %w", err)
	}
	if !reflect.DeepEqual(network.Network(), m.Denoiser.Network()) {
		return nil, sdk.Diagnostic{
			Summary: "The reference is another network than the model that is tuned",
			Detail:  fmt.Sprintf("Its %s/config.json in %s says otherwise. A loss compares their predictions on the same latents: name a model of the same network.", denoiserPart, directory),
		}
	}
	store, err := m.Denoiser.Weights(backend).Read(filepath.Join(directory, denoiserPart))
	if err != nil || checkpoint == "" {
		return store, err
	}
	adapters, err := m.ReadAdapters(backend, checkpoint)
	if err == nil && adapters != nil {
		err = adapters.Merge(store)
	}
	if err != nil {
		store.Finalize()
		return nil, fmt.Errorf("read the reference: %w", err)
	}
	return store, nil
}
