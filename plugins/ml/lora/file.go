package lora

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained/config"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
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
// with these weights; nil if there are none. They are in the file that diffusers
// writes, or in that of PEFT beside its adapter_config.json.
func Read(directory, network string, weights []nn.Named) (*Adapters, error) {
	for _, name := range []string{fileName, peftName} {
		path := filepath.Join(directory, name+".safetensors")
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return ReadFile(path, network, weights)
		}
	}
	return nil, nil
}

// peftName is the name, without extension, that PEFT gives; its settings lie in
// peftSettings beside it.
const peftName, peftSettings = "adapter_model", "adapter_config.json"

// ReadFile reads adapters from a file, with the names of PEFT and diffusers, of
// diffusers' older training scripts, or of kohya's. Each adapter's own alpha counts,
// where there is one; then what the settings of PEFT say, in the file or beside it;
// without either, alpha is the rank. Adapters of other kinds are refused by them.
func ReadFile(path, network string, weights []nn.Named) (*Adapters, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer r.Close()
	settings, err := settingsOf(r, network+".")
	if err != nil {
		return nil, unreadable(path, err)
	}
	all := layers(weights)
	adapters, err := adaptersOf(r.Names(), network, all)
	if err != nil {
		return nil, unreadable(path, err)
	}
	a := &Adapters{Tensors: map[string]safetensors.Tensor{}, Config: Config{Rank: settings.Rank, Alpha: settings.Alpha, Targets: settings.targets(adapters)}}
	for _, layer := range slices.Sorted(maps.Keys(adapters)) {
		rank, err := a.read(r, adapters[layer], layer, all[layer], settings)
		if err != nil {
			return nil, unreadable(path, err)
		}
		if settings.Rank == 0 {
			a.Rank = max(a.Rank, rank)
		}
	}
	if a.Rank < 1 {
		return nil, unreadable(path, fmt.Errorf("its rank is %d, and has to be positive", a.Rank))
	}
	if settings.Stable || len(settings.alphas) > 0 {
		a.Alpha = nil // each layer has its own, which is in its up
	}
	if text := r.Metadata()[alphaKey]; text != "" {
		alpha, err := strconv.ParseFloat(text, 64)
		if err != nil || !(alpha > 0) || math.IsInf(alpha, 0) {
			return nil, unreadable(path, fmt.Errorf("%s is %q, and has to be a positive number", alphaKey, text))
		}
		a.Alpha = &alpha
	}
	return a, nil
}

// settingsOf reads what PEFT says of adapters: in the file's metadata, or beside it.
func settingsOf(r *safetensors.Reader, prefix string) (peftConfig, error) {
	if text := r.Metadata()[metadataKey]; text != "" {
		settings, err := readPEFT([]byte(text), prefix)
		if err != nil {
			err = fmt.Errorf("%s: %w", metadataKey, err)
		}
		return settings, err
	}
	if filepath.Base(r.Path()) != peftName+".safetensors" {
		return peftConfig{}, nil
	}
	text, err := config.File(filepath.Join(filepath.Dir(r.Path()), peftSettings))
	if errors.Is(err, fs.ErrNotExist) {
		return peftConfig{}, fmt.Errorf("there is no %s beside it, which says the adapters' alpha", peftSettings)
	} else if err != nil {
		return peftConfig{}, err
	}
	settings, err := readPEFT(text, "")
	if err != nil {
		err = fmt.Errorf("%s: %w", peftSettings, err)
	}
	return settings, err
}

// read reads a layer's adapter, and returns its rank. dims are those of the layer's
// weight.
func (a *Adapters) read(r *safetensors.Reader, names found, layer string, dims []int, settings peftConfig) (rank int, err error) {
	info, _ := r.Info(names.down)
	if len(info.Dims) < 2 || info.Dims[0] < 1 {
		return 0, fmt.Errorf("%s is %s, which is no adapter", names.down, info)
	}
	rank = info.Dims[0]
	scale := settings.scale(layer, rank)
	if names.alpha != "" {
		alpha, err := r.Floats(names.alpha)
		if err != nil {
			return 0, err
		}
		if len(alpha.Data) != 1 || !(alpha.Data[0] > 0) || math.IsInf(float64(alpha.Data[0]), 0) {
			return 0, fmt.Errorf("%s is %v, and has to be a positive number", names.alpha, alpha.Data)
		}
		scale = float64(alpha.Data[0]) / float64(rank)
	}
	down, up := adapterDims(dims, rank)
	for _, part := range []struct {
		name, end string
		dims      []int
		factor    float64
	}{{names.down, downEnd, down, 1}, {names.up, upEnd, up, scale}} {
		tensor, err := pretrained.Turned(r, part.name, part.dims)
		if err != nil {
			return 0, err
		}
		if at := nn.FirstNonFinite(tensor.Data); at >= 0 {
			return 0, fmt.Errorf("%s is %v at index %d", part.name, tensor.Data[at], at)
		}
		if part.factor != 1 {
			for i, v := range tensor.Data {
				tensor.Data[i] = float32(float64(v) * part.factor)
			}
		}
		a.Tensors[layer+part.end] = tensor
	}
	return rank, nil
}
