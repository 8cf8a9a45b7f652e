package pretrained

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
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
	// Advice says what to do about weights that do not fit; needed where there is
	// no config.json that could be of another model.
	Advice string
}

// listed is how many names of a kind of mistake are written out.
const listed = 8

// Read reads the weights in a directory into a new store, for nn.LoadedParams:
// one tensor at a time, so that a large model is in memory once.
func (w Weights) Read(directory string) (*model.Store, error) {
	f, err := openFiles(directory, w.File)
	if err != nil {
		return nil, err
	}
	defer f.close()
	names, err := w.check(f)
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	for _, need := range w.Needs {
		name := names[need.Name]
		theirs, err := f.holder[name].Floats(name)
		if err != nil {
			return nil, err
		}
		if at := nn.FirstNonFinite(theirs.Data); at >= 0 {
			return nil, sdk.Diagnostic{
				Severity: sdk.SeverityError,
				Summary:  fmt.Sprintf("Weights in %s that are not numbers", f.directory),
				Detail:   fmt.Sprintf("%s is %v at index %d. The file is damaged, or of a training that diverged.", name, theirs.Data[at], at),
			}
		}
		value := tensors.FromShape(shapes.Make(dtypes.Float32, need.Dims...))
		value.MustMutableFlatData(func(flat any) { toOurs(theirs.Data, flat.([]float32), need.Dims, w.turns(need)) })
		if _, err := store.CreateVariable("/"+need.Name, value); err != nil {
			return nil, fmt.Errorf("read weight %q: %w", need.Name, err)
		}
	}
	return store, nil
}

// Check compares the weights in a directory with what is needed. It reads headers
// alone.
func (w Weights) Check(directory string) error {
	f, err := openFiles(directory, w.File)
	if err != nil {
		return err
	}
	defer f.close()
	_, err = w.check(f)
	return err
}

// Turned reads a matrix or a kernel of a file with the dimensions that ours has.
func Turned(r *safetensors.Reader, name string, dims []int) (safetensors.Tensor, error) {
	info, _ := r.Info(name)
	if want := theirDims(dims, true); !info.Floating() || !slices.Equal(info.Dims, want) {
		return safetensors.Tensor{}, fmt.Errorf("%s is %s, expected F32, F16 or BF16 %v", name, info, want)
	}
	theirs, err := r.Floats(name)
	if err != nil {
		return safetensors.Tensor{}, err
	}
	ours := safetensors.Tensor{Dims: dims, Data: make([]float32, len(theirs.Data))}
	toOurs(theirs.Data, ours.Data, dims, true)
	return ours, nil
}

// check compares what is needed with the headers, and returns the tensors'
// names in the files by those in the network.
func (w Weights) check(f *files) (map[string]string, error) {
	var missing, other, left, double []string
	names := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.holder)) {
		ours := name
		if w.Rename != nil {
			ours = w.Rename(name)
		}
		if first, ok := names[ours]; ok {
			double = append(double, fmt.Sprintf("%s and %s", first, name))
		} else if ours != "" {
			names[ours] = name
		}
	}
	needed := map[string]bool{}
	for _, need := range w.Needs {
		needed[need.Name] = true
		want := fmt.Sprintf("F32, F16 or BF16 %v", theirDims(need.Dims, w.turns(need)))
		name, ok := names[need.Name]
		if !ok {
			missing = append(missing, need.Name+", "+want)
			continue
		}
		info, _ := f.holder[name].Info(name)
		if !info.Floating() || !slices.Equal(info.Dims, theirDims(need.Dims, w.turns(need))) {
			other = append(other, fmt.Sprintf("%s is %s, expected %s", name, info, want))
		}
	}
	for _, ours := range slices.Sorted(maps.Keys(names)) {
		if !needed[ours] {
			info, _ := f.holder[names[ours]].Info(names[ours])
			left = append(left, fmt.Sprintf("%s, %s", names[ours], info))
		}
	}
	var all sdk.Diagnostics
	add := func(what string, lines []string, advice string) {
		count := len(lines)
		if count == 0 {
			return
		}
		if w.Advice != "" {
			advice = w.Advice
		}
		if count > listed {
			lines = append(lines[:listed:listed], fmt.Sprintf("and %d more", count-listed))
		}
		all = append(all, sdk.Diagnostic{
			Severity: sdk.SeverityError,
			Summary:  fmt.Sprintf("Weights in %s that are %s: %d", f.directory, what, count),
			Detail:   strings.Join(lines, "\n") + "\n" + advice,
		})
	}
	add("missing", missing, "The files are incomplete, or of another model than config.json says.")
	add("of another shape or type", other, "config.json may belong to another model; quantized weights are not supported.")
	add("left over", left, "config.json may belong to another, smaller model.")
	add("there under two names", double, "The files are of different versions of the format.")
	if len(all) > 0 {
		return nil, all
	}
	return names, nil
}

// turns reports whether a weight lies otherwise in the files.
func (w Weights) turns(need nn.Named) bool {
	switch len(need.Dims) {
	case 2:
		return w.Tables == nil || !w.Tables(need.Name)
	case 4:
		return true
	}
	return false
}

// Published are weights as they lie in published files. weights are ours, by
// name.
func (w Weights) Published(weights map[string]safetensors.Tensor) (*safetensors.File, error) {
	file := &safetensors.File{Tensors: map[string]safetensors.Tensor{}, Metadata: map[string]string{"format": "pt"}}
	for _, need := range w.Needs {
		weight, ok := weights[need.Name]
		if !ok || !slices.Equal(weight.Dims, need.Dims) {
			return nil, fmt.Errorf("weight %q is %v, the network has %v", need.Name, weight.Dims, need.Dims)
		}
		theirs := safetensors.Tensor{Dims: theirDims(need.Dims, w.turns(need)), Data: make([]float32, len(weight.Data))}
		toTheirs(weight.Data, theirs.Data, need.Dims, w.turns(need))
		file.Tensors[need.Name] = theirs
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
