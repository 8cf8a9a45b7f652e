// Package pretrained reads and writes the weights of published models, in the
// directories and with the layout of diffusers and transformers: one
// safetensors file, or several and an index, of any floating-point type.
//
// A weight that is missing, that is of another shape or that the network has no
// use for is an error: a model that is nearly the published one would go
// unnoticed. The package refuses to run what it reads; files of pickled Python
// are programs, and it does not open them.
package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// Names of the weights' file, without extension.
const (
	Diffusers    = "diffusion_pytorch_model"
	Transformers = "model"
)

const extension = ".safetensors"

// read finds a model's weights in a directory: in one file, in several that an
// index lists, or in the one file of a narrower type, such as name.fp16.
func read(directory, name string) (*safetensors.File, error) {
	whole := filepath.Join(directory, name+extension)
	if exists(whole) {
		return safetensors.Read(whole)
	}
	if index := whole + ".index.json"; exists(index) {
		return readShards(index)
	}
	var narrower []string
	for _, variant := range []string{"fp32", "fp16", "bf16"} {
		path := filepath.Join(directory, name+"."+variant+extension)
		if exists(path) {
			return safetensors.Read(path)
		}
		if index := filepath.Join(directory, name+extension+".index."+variant+".json"); exists(index) {
			return readShards(index)
		}
		narrower = append(narrower, filepath.Base(path))
	}
	if pickled := filepath.Join(directory, name+".bin"); exists(pickled) || exists(filepath.Join(directory, "pytorch_"+name+".bin")) {
		return nil, fmt.Errorf("read weights: %s holds pickled Python alone, which is a program and is not run: convert it to %s", directory, name+extension)
	}
	return nil, fmt.Errorf("read weights: there is no %s, %s.index.json or %s in %s", whole, filepath.Base(whole), strings.Join(narrower, ", "), directory)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// readShards reads the files that an index lists, and of each the tensors that
// the index says are there.
func readShards(path string) (*safetensors.File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	var index struct {
		Files map[string]string `json:"weight_map"` // by tensor
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("read weights: %s: %w", path, err)
	}
	if len(index.Files) == 0 {
		return nil, fmt.Errorf("read weights: %s: its weight_map lists no tensors", path)
	}
	tensors := map[string][]string{} // by file
	for tensor, file := range index.Files {
		if file != filepath.Base(file) || !strings.HasSuffix(file, extension) {
			return nil, fmt.Errorf("read weights: %s: tensor %q is in %q, which is not a safetensors file beside it", path, tensor, file)
		}
		tensors[file] = append(tensors[file], tensor)
	}
	all := &safetensors.File{Tensors: map[string]safetensors.Tensor{}, Integers: map[string]safetensors.Integers{}, Types: map[string]safetensors.DType{}}
	for _, file := range sortedKeys(tensors) {
		sort.Strings(tensors[file])
		shard, err := safetensors.Read(filepath.Join(filepath.Dir(path), file))
		if err != nil {
			return nil, fmt.Errorf("tensor %q and %d more: %w", tensors[file][0], len(tensors[file])-1, err)
		}
		for _, name := range tensors[file] {
			dtype := shard.TypeOf(name)
			if dtype == "" {
				return nil, fmt.Errorf("read weights: %s: tensor %q is not in %s", path, name, file)
			}
			if integers, ok := shard.Integers[name]; ok {
				all.Integers[name] = integers
				continue
			}
			all.Tensors[name] = shard.Tensors[name]
			if dtype != safetensors.F32 {
				all.Types[name] = dtype
			}
		}
	}
	return all, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
