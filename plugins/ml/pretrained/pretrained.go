// Package pretrained reads directories of published weights, as Hugging Face's
// libraries write them: config.json, and safetensors in one file or several
// with an index.
//
// A network says which tensors it needs. They are compared with the headers
// before any data is read, and all that is wrong is reported at once: what is
// missing, of another shape, of a type that is no floating-point number, or
// left over. The package refuses to load some of a model's tensors and keep
// quiet about the rest.
package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Weights are the tensors in a directory. Their data is on the disk until it is
// asked for.
type Weights struct {
	directory string
	files     []*safetensors.Reader
	holder    map[string]*safetensors.Reader // by the tensor's name
}

// Open opens the weights called name ("model" in transformers,
// "diffusion_pytorch_model" in diffusers) in directory.
func Open(directory, name string) (*Weights, error) {
	w := &Weights{directory: directory, holder: map[string]*safetensors.Reader{}}
	if err := w.open(name + ".safetensors"); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close closes the files.
func (w *Weights) Close() error {
	var failures []error
	for _, file := range w.files {
		failures = append(failures, file.Close())
	}
	return errors.Join(failures...)
}

// open opens the one file, or the shards that its index lists.
func (w *Weights) open(file string) error {
	whole := filepath.Join(w.directory, file)
	if _, err := os.Stat(whole); err == nil {
		r, err := w.openFile(whole)
		if err != nil {
			return err
		}
		for _, name := range r.Names() {
			w.holder[name] = r
		}
		return nil
	}
	path := whole + ".index.json"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return w.nothing(file)
	}
	if err != nil {
		return fmt.Errorf("read weights: %w", err)
	}
	var index struct {
		Shards map[string]string `json:"weight_map"` // tensor -> file
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("read weights %s: %w", path, err)
	}
	return w.openShards(path, index.Shards)
}

func (w *Weights) openShards(index string, shards map[string]string) error {
	opened := map[string]*safetensors.Reader{}
	for _, name := range slices.Sorted(maps.Keys(shards)) {
		file := shards[name]
		if file != filepath.Base(file) {
			return sdk.Diagnostic{
				Summary: "The weights' index is not usable",
				Detail:  fmt.Sprintf("%s puts tensor %q into %q, which is not the name of a file beside it.", index, name, file),
			}
		}
		r := opened[file]
		if r == nil {
			path := filepath.Join(w.directory, file)
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return sdk.Diagnostic{
					Summary: "A part of the weights is missing",
					Detail:  fmt.Sprintf("%s puts tensor %q into %s, and there is no such file. Fetch it from where the weights are published.", index, name, path),
				}
			}
			var err error
			if r, err = w.openFile(path); err != nil {
				return err
			}
			opened[file] = r
		}
		if _, ok := r.Info(name); !ok {
			return sdk.Diagnostic{
				Summary: "The weights' index does not fit its files",
				Detail:  fmt.Sprintf("%s puts tensor %q into %s, which does not hold it. Index and files may be of different models.", index, name, file),
			}
		}
		w.holder[name] = r
	}
	return nil
}

// openFile opens a file and keeps it.
func (w *Weights) openFile(path string) (*safetensors.Reader, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, sdk.Diagnostic{
			Summary: "Weights that cannot be read",
			Detail:  err.Error() + ". Fetch the file again from where the weights are published.",
		}
	}
	w.files = append(w.files, r)
	return r, nil
}

// nothing says that there are no weights, and what is there instead.
func (w *Weights) nothing(file string) error {
	detail := fmt.Sprintf("The directory needs %s, or %s.index.json with the files that it lists.", file, file)
	for _, pattern := range []string{"*.bin", "*.pt", "*.ckpt", "*.h5", "*.msgpack"} {
		if found, err := filepath.Glob(filepath.Join(w.directory, pattern)); err == nil && len(found) > 0 {
			detail += " There is " + filepath.Base(found[0]) + ", which can run code when it is read, or is of another library: fetch the safetensors of the same model."
			break
		}
	}
	return sdk.Diagnostic{Summary: "No weights in " + w.directory, Detail: detail}
}
