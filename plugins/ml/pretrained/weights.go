package pretrained

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// Weights are the weights of a published model.
type Weights struct {
	File string // their name without extension: Diffusers or Transformers
	// Needs is what the network asks for (nn.List).
	Needs []nn.Named
	// Tables names weights that have two axes but are no matrices, such as
	// embeddings: they lie alike everywhere. May be nil.
	Tables func(name string) bool
	// Rename is the name in the network of a tensor in a file; "" for one that
	// the network has no use for. May be nil.
	Rename func(name string) string
}

// listed is how many mistakes an error lists.
const listed = 10

// Read reads the weights in a directory into a new store, for nn.LoadedParams.
func (w Weights) Read(directory string) (*model.Store, error) {
	file, err := read(directory, w.File)
	if err != nil {
		return nil, err
	}
	store, err := w.store(file)
	if err != nil {
		return nil, fmt.Errorf("read weights in %s: %w", directory, err)
	}
	return store, nil
}

// store checks the file against what the network needs, and turns its weights.
// File's tensors go one by one, so that a large model is in memory once.
func (w Weights) store(file *safetensors.File) (*model.Store, error) {
	var wrong []error
	names, err := w.names(file)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, need := range w.Needs {
		want := turned(need.Dims, w.order(need.Name, len(need.Dims), toTheirs))
		name, ok := names[need.Name]
		if !ok {
			wrong = append(wrong, fmt.Errorf("tensor %q is missing: the network needs F32, F16 or BF16 %v", need.Name, want))
			continue
		}
		used[name] = true
		if integers, ok := file.Integers[name]; ok {
			wrong = append(wrong, fmt.Errorf("tensor %q is %s %v: the network needs F32, F16 or BF16 %v", name, integers.DType, integers.Dims, want))
		} else if got := file.Tensors[name].Dims; !slices.Equal(got, want) {
			wrong = append(wrong, fmt.Errorf("tensor %q is %s %v: the network needs F32, F16 or BF16 %v", name, file.TypeOf(name), got, want))
		}
	}
	for _, name := range sortedKeys(names) {
		if !used[names[name]] {
			wrong = append(wrong, fmt.Errorf("tensor %q (%s) is not of this network", names[name], file.TypeOf(names[name])))
		}
	}
	if len(wrong) > listed {
		wrong = append(wrong[:listed:listed], fmt.Errorf("and %d more", len(wrong)-listed))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	store := model.NewStore()
	for _, need := range w.Needs {
		name := names[need.Name]
		ours := turn(file.Tensors[name], w.order(need.Name, len(need.Dims), toOurs))
		delete(file.Tensors, name)
		value := tensors.FromFlatDataAndDimensions(ours.Data, ours.Dims...)
		if _, err := store.CreateVariable("/"+need.Name, value); err != nil {
			return nil, err
		}
	}
	return store, nil
}

// names are the tensors in the file by their names in the network.
func (w Weights) names(file *safetensors.File) (map[string]string, error) {
	names := map[string]string{}
	add := func(name string) error {
		ours := name
		if w.Rename != nil {
			ours = w.Rename(name)
		}
		if ours == "" {
			return nil
		}
		if other, double := names[ours]; double {
			return fmt.Errorf("tensors %q and %q are the same weight", min(name, other), max(name, other))
		}
		names[ours] = name
		return nil
	}
	for name := range file.Tensors {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	for name := range file.Integers {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// order is how a weight's axes are turned, nil if they are not.
func (w Weights) order(name string, rank int, orders map[int][]int) []int {
	if rank == 2 && w.Tables != nil && w.Tables(name) {
		return nil
	}
	return orders[rank]
}

// Published are weights as they lie in published files. weights are ours, by
// name.
func (w Weights) Published(weights map[string]safetensors.Tensor) (*safetensors.File, error) {
	file := &safetensors.File{Tensors: map[string]safetensors.Tensor{}, Metadata: map[string]string{"format": "pt"}}
	for _, need := range w.Needs {
		weight, ok := weights[need.Name]
		if !ok {
			return nil, fmt.Errorf("weight %q, %v, is missing", need.Name, need.Dims)
		}
		file.Tensors[need.Name] = turn(weight, w.order(need.Name, len(weight.Dims), toTheirs))
	}
	return file, nil
}

// Write writes weights into a directory, to be read by diffusers or
// transformers.
func (w Weights) Write(directory string, weights map[string]safetensors.Tensor) error {
	file, err := w.Published(weights)
	if err != nil {
		return fmt.Errorf("write weights in %s: %w", directory, err)
	}
	return file.Write(filepath.Join(directory, w.File+extension))
}
