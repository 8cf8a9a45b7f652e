package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// The files of a checkpoint directory.
const (
	ConfigFile  = "config.json"
	WeightsFile = "model.safetensors"
)

// WriteCheckpoint writes a model's configuration and weights into directory.
func WriteCheckpoint(directory string, config any, store *model.Store) error {
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if err := os.WriteFile(filepath.Join(directory, ConfigFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return File(store).Write(filepath.Join(directory, WeightsFile))
}

// ReadCheckpoint reads what WriteCheckpoint wrote: the configuration into
// config, the weights as a file.
func ReadCheckpoint(directory string, config any) (*safetensors.File, error) {
	text, err := os.ReadFile(filepath.Join(directory, ConfigFile))
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	if err := json.Unmarshal(text, config); err != nil {
		return nil, fmt.Errorf("read checkpoint: %s: %w", filepath.Join(directory, ConfigFile), err)
	}
	return safetensors.Read(filepath.Join(directory, WeightsFile))
}

// File holds the model's weights in store, averaged ones if the loop kept an
// average.
func File(store *model.Store) *safetensors.File {
	return &safetensors.File{Tensors: Tensors(store), Metadata: map[string]string{"format": "pt"}}
}
