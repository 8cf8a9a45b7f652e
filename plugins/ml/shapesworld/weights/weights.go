// Package weights carries the trained models of the world of shapes.
// experiments/pretrain_shapes.hcl makes them.
package weights

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/ml/train"
)

//go:embed all:models
var models embed.FS

// Version is the version of a component whose code is of version code and which
// carries the model called name: results depend on both.
func Version(code, name string) string {
	content, err := models.ReadFile("models/" + name + "/model.safetensors")
	if err != nil {
		return code // Read says what is wrong
	}
	digest := sha256.Sum256(content)
	return code + "+" + hex.EncodeToString(digest[:6])
}

// Load reads the weights of a model into a new store and its configuration into
// config: from a checkpoint in directory, or the embedded ones of that name if
// directory is empty.
func Load(directory, name string, config any) (*model.Store, error) {
	var file *safetensors.File
	var err error
	if directory == "" {
		file, err = Read(name, config)
	} else {
		file, err = train.ReadCheckpoint(directory, config)
	}
	if err != nil {
		return nil, err
	}
	return train.Weights(file)
}

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
