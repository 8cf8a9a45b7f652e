package latentdiffusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
)

// indexFile is the file of a directory with a whole model.
const indexFile = "model_index.json"

// IsModel reports whether a directory holds a whole model, and not adapters
// alone.
func IsModel(directory string) bool {
	_, err := os.Stat(filepath.Join(directory, indexFile))
	return err == nil
}

// weightsOf are the names of the weights of a pipeline's parts; a part that is
// not listed has none.
var weightsOf = map[string]string{
	denoiserPart: pretrained.Diffusers, "vae": pretrained.Diffusers,
	"text_encoder": pretrained.Transformers, "safety_checker": pretrained.Transformers, "image_encoder": pretrained.Transformers,
}

// copyModel copies a model from one directory to another one, so that diffusers
// and this package open it: all parts that its index names, with the weights of
// the denoising network or without, and then the others' in float32, which is what
// those are written in: diffusers computes with parts of one type. A part that may be missing and is, such as a
// safety checker that was not fetched, is named no longer.
func copyModel(to, from string, denoiser bool) error {
	text, err := config.File(filepath.Join(from, indexFile))
	if err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	var index map[string]json.RawMessage
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("copy model: %s: %w", filepath.Join(from, indexFile), err)
	}
	changed := false
	for _, part := range slices.Sorted(maps.Keys(index)) {
		var class []*string // library and class, or nulls
		if json.Unmarshal(index[part], &class) != nil || len(class) != 2 || class[0] == nil {
			continue
		}
		if filepath.Base(part) != part { // from a file of somebody's
			return fmt.Errorf("copy model: %s names the part %q, which is not the name of a directory", filepath.Join(from, indexFile), part)
		}
		_, err := os.Stat(filepath.Join(from, part))
		if optional := part == "safety_checker" || part == "feature_extractor" || part == "image_encoder"; optional && errors.Is(err, fs.ErrNotExist) {
			index[part], changed = json.RawMessage(`[null, null]`), true
			continue
		}
		if err := copyPart(filepath.Join(to, part), filepath.Join(from, part), weightsOf[part], part != denoiserPart || denoiser, !denoiser); err != nil {
			return err
		}
	}
	if changed {
		if text, err = json.MarshalIndent(index, "", "  "); err != nil {
			return fmt.Errorf("copy model: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(to, indexFile), text, 0o644); err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	return nil
}

// small are extensions of files with a part's configuration.
var small = []string{".json", ".txt", ".model"}

// copyPart copies the small files of a part, and its weights, in float32 if that is
// asked for.
func copyPart(to, from, weights string, withWeights, float32 bool) error {
	copyFile, copyWeights := pretrained.CopyFile, pretrained.Copy
	if float32 {
		copyFile, copyWeights = pretrained.CopyConfigFloat32, pretrained.CopyFloat32
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("copy model: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		index, _ := filepath.Match("*.index*.json", name)
		if e.IsDir() || index || !slices.Contains(small, filepath.Ext(name)) {
			continue
		}
		if err := copyFile(filepath.Join(to, name), filepath.Join(from, name)); err != nil {
			return err
		}
	}
	if weights == "" || !withWeights {
		return nil
	}
	return copyWeights(to, from, weights)
}
