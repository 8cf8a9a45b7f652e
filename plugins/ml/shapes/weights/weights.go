// Package weights carries the trained models of the world of shapes.
// experiments/pretrain_shapes.hcl makes them.
package weights

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

//go:embed all:models
var models embed.FS

// Read returns the weights of a model ("denoiser", "encoder" or "judge") and
// reads its configuration into config.
func Read(name string, config any) (*safetensors.File, error) {
	text, err := models.ReadFile("models/" + name + "/config.json")
	if err != nil {
		return nil, fmt.Errorf("embedded weights of the %s are missing from this binary: %w", name, err)
	}
	if err := json.Unmarshal(text, config); err != nil {
		return nil, fmt.Errorf("embedded weights of the %s: %w", name, err)
	}
	content, err := models.ReadFile("models/" + name + "/model.safetensors")
	if err != nil {
		return nil, fmt.Errorf("embedded weights of the %s: %w", name, err)
	}
	file, err := safetensors.Decode(content)
	if err != nil {
		return nil, fmt.Errorf("embedded weights of the %s: %w", name, err)
	}
	return file, nil
}
