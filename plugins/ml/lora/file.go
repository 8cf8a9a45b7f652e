package lora

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// fileName is the name, without extension, that diffusers gives and expects.
const fileName = "pytorch_lora_weights"

// metadataKey is the key in a file's metadata of the PEFT configuration, which is
// JSON with prefixed keys; diffusers writes it from 0.34 on. Earlier versions, and
// other programs, take alpha to be the rank.
const metadataKey = "lora_adapter_metadata"

// alphaKey is the key in a file's metadata of the alpha that the adapters were
// trained with.
const alphaKey = "plumb_lora_alpha"

// Write writes the adapters into a directory, to be read by diffusers
// (load_lora_weights): every version that knows PEFT's names reads them alike.
// network is the pipeline's part that they are for, such as "unet"; the names of
// their tensors begin with it.
func (a *Adapters) Write(directory, network string) error {
	prefix := network + "."
	var needs []nn.Named
	for name, tensor := range a.Tensors {
		needs = append(needs, nn.Named{Name: name, Dims: tensor.Dims})
	}
	file, err := pretrained.Weights{Needs: needs}.Published(a.Tensors)
	if err != nil {
		return fmt.Errorf("write adapters: %w", err)
	}
	named := map[string]safetensors.Tensor{}
	for name, tensor := range file.Tensors {
		named[prefix+name] = tensor
	}
	about, err := json.Marshal(map[string]any{
		prefix + "peft_type": "LORA", prefix + "r": a.Rank, prefix + "lora_alpha": a.Rank, prefix + "target_modules": sorted(a.Targets),
		// diffusers up to 0.39 asks for them without looking whether they are there.
		prefix + "rank_pattern": map[string]int{}, prefix + "alpha_pattern": map[string]int{},
	})
	if err != nil {
		return fmt.Errorf("write adapters: %w", err)
	}
	file.Tensors = named
	file.Metadata[metadataKey] = string(about)
	file.Metadata[alphaKey] = strconv.FormatFloat(a.alpha(), 'g', -1, 64)
	return file.Write(filepath.Join(directory, fileName+".safetensors"))
}

// Read reads the adapters in a directory that are for a network, a pipeline's part
// with these weights; nil if there are none.
func Read(directory, network string, weights []nn.Named) (*Adapters, error) {
	prefix := network + "."
	path := filepath.Join(directory, fileName+".safetensors")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	a, written, names, err := readConfig(path, prefix)
	if err != nil {
		return nil, sdk.Diagnostic{Summary: "Adapters that cannot be read", Detail: err.Error() + "."}
	}
	all := layers(weights)
	var needs []nn.Named
	found := map[string]bool{}
	for _, name := range names {
		layer := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(name, prefix), downEnd), upEnd)
		if dims, ok := all[layer]; ok && !found[layer] {
			found[layer] = true
			down, up := adapterDims(dims, a.Rank)
			needs = append(needs, nn.Named{Name: layer + downEnd, Dims: down}, nn.Named{Name: layer + upEnd, Dims: up})
		}
	}
	wanted := pretrained.Weights{File: fileName, Needs: needs, Rename: func(name string) string { return strings.TrimPrefix(name, prefix) }}
	store, err := wanted.Read(directory)
	if err != nil {
		return nil, err
	}
	defer store.Finalize()
	a.Tensors = map[string]safetensors.Tensor{}
	for _, need := range needs {
		data := tensors.MustCopyFlatData[float32](store.GetVariable("/" + need.Name).MustValue())
		a.Tensors[need.Name] = safetensors.Tensor{Dims: need.Dims, Data: data}
	}
	a.Tensors = timesUp(a.Tensors, written/float64(a.Rank))
	return a, nil
}

// readConfig reads the settings of adapters, the alpha that they are written for,
// and their tensors' names. For a file without settings they are what diffusers
// takes then: the rank of its tensors, and alpha equal to it.
func readConfig(path, prefix string) (a *Adapters, written float64, names []string, err error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, 0, nil, err
	}
	defer r.Close()
	var about Config
	if text := r.Metadata()[metadataKey]; text != "" {
		var entries map[string]json.RawMessage
		err := json.Unmarshal([]byte(text), &entries)
		for key, into := range map[string]any{"r": &about.Rank, "lora_alpha": &about.Alpha, "target_modules": &about.Targets} {
			if value, ok := entries[prefix+key]; ok && err == nil {
				err = json.Unmarshal(value, into)
			}
		}
		if err != nil {
			return nil, 0, nil, fmt.Errorf("%s: %s: %w", path, metadataKey, err)
		}
	}
	for _, name := range r.Names() {
		info, _ := r.Info(name)
		if about.Rank == 0 && strings.HasSuffix(name, downEnd) && len(info.Dims) > 0 {
			about.Rank = info.Dims[0]
		}
	}
	a = &Adapters{Config: about}
	if written = a.alpha(); a.Rank < 1 || !(written > 0) {
		return nil, 0, nil, fmt.Errorf("%s: it has no adapters of a rank and an alpha that are positive (found %d and %v)", path, a.Rank, written)
	}
	if text := r.Metadata()[alphaKey]; text != "" {
		alpha, err := strconv.ParseFloat(text, 64)
		if err != nil || !(alpha > 0) || math.IsInf(alpha, 0) {
			return nil, 0, nil, fmt.Errorf("%s: %s is %q, and has to be a positive number", path, alphaKey, text)
		}
		a.Alpha = &alpha
	}
	return a, written, r.Names(), nil
}
