package latentdiffusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/pretrained"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// LoRA are the settings of low-rank adapters (Hu et al. 2022): a layer that has
// one computes W x + (Alpha / Rank) up down x, and W is not trained.
type LoRA struct {
	Rank    int      `json:"rank"`
	Alpha   *float64 `json:"alpha"`   // nil: Rank
	Targets []string `json:"targets"` // ends of the names of layers, such as "to_q"
}

// scale is what the adapters' output is multiplied by.
func (l LoRA) scale() float64 { return l.alpha() / float64(l.Rank) }

func (l LoRA) alpha() float64 {
	if l.Alpha == nil {
		return float64(l.Rank)
	}
	return *l.Alpha
}

// same reports whether the adapters of one fit the other.
func (l LoRA) same(other LoRA) bool {
	return l.Rank == other.Rank && l.alpha() == other.alpha() && slices.Equal(sorted(l.Targets), sorted(other.Targets))
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func (l LoRA) check() error {
	var all sdk.Diagnostics
	refuse := func(summary, format string, arguments ...any) {
		all = append(all, sdk.Diagnostic{Severity: sdk.SeverityError, Summary: summary, Detail: fmt.Sprintf(format, arguments...)})
	}
	if l.Rank < 1 {
		refuse("Impossible rank of adapters", "rank is %d; it must be at least 1, and is 4 to 64 mostly.", l.Rank)
	}
	if !(l.alpha() > 0) {
		refuse("Adapters without effect", "alpha is %v: the adapters' output is multiplied by alpha / rank. Leave alpha out for a factor of 1.", l.alpha())
	}
	if len(l.Targets) == 0 {
		refuse("Adapters for no layer", "targets is empty. Leave it out for the attention's projections, or leave out the block lora to train all weights.")
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// Adapters are trained adapters of the denoising network. Alpha / Rank is a factor
// of each up already, so that a layer computes W x + up down x: that is how they
// are written, because most programs that read adapters take alpha to be the rank.
type Adapters struct {
	LoRA // as they were trained
	// Tensors are their weights by name, such as
	// "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight",
	// with our dimensions (nn.Params.WithAdapters).
	Tensors map[string]safetensors.Tensor
}

// adapters are what was trained.
func (l LoRA) adapters(trained map[string]safetensors.Tensor) *Adapters {
	return &Adapters{LoRA: l, Tensors: timesUp(trained, l.scale())}
}

// trained is the reverse of LoRA.adapters.
func (a *Adapters) trained() map[string]safetensors.Tensor { return timesUp(a.Tensors, 1/a.scale()) }

// timesUp multiplies every up.
func timesUp(tensors map[string]safetensors.Tensor, factor float64) map[string]safetensors.Tensor {
	out := maps.Clone(tensors)
	if factor == 1 {
		return out
	}
	for name, tensor := range out {
		if strings.HasSuffix(name, upEnd) {
			data := make([]float32, len(tensor.Data))
			for i, v := range tensor.Data {
				data[i] = float32(float64(v) * factor)
			}
			out[name] = safetensors.Tensor{Dims: tensor.Dims, Data: data}
		}
	}
	return out
}

// Names of an adapter's tensors end so.
const (
	downEnd = "." + nn.AdapterDown + ".weight"
	upEnd   = "." + nn.AdapterUp + ".weight"
)

// layers are the layers of a network that can have an adapter: with their
// weight's dimensions, by name.
func layers(needs []nn.Named) map[string][]int {
	found := map[string][]int{}
	for _, need := range needs {
		if layer, ok := strings.CutSuffix(need.Name, ".weight"); ok && (len(need.Dims) == 2 || len(need.Dims) == 4) {
			found[layer] = need.Dims
		}
	}
	return found
}

// adapterDims are the dimensions of the adapter of a layer.
func adapterDims(layer []int, rank int) (down, up []int) {
	last := len(layer) - 1
	down = append(slices.Clone(layer[:last]), rank)
	up = []int{rank, layer[last]}
	if len(layer) == 4 {
		up = []int{1, 1, rank, layer[last]}
	}
	return down, up
}

// needs are the weights of the adapters: of the layers whose name is a target,
// or ends in one after a dot, as PEFT chooses them.
func (l LoRA) needs(network []nn.Named) ([]nn.Named, error) {
	all := layers(network)
	var needs []nn.Named
	hit := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		chosen := false
		for _, target := range l.Targets {
			if name == target || strings.HasSuffix(name, "."+target) {
				chosen, hit[target] = true, true
			}
		}
		if chosen {
			down, up := adapterDims(all[name], l.Rank)
			needs = append(needs, nn.Named{Name: name + downEnd, Dims: down}, nn.Named{Name: name + upEnd, Dims: up})
		}
	}
	for _, target := range l.Targets {
		if !hit[target] {
			ends := map[string]bool{}
			for name := range all {
				ends[end(name)] = true
			}
			return nil, sdk.Diagnostic{
				Summary: "No layer for an adapter",
				Detail:  fmt.Sprintf("targets has %q, and no layer of the unet is called so. Layers end in %s.", target, strings.Join(slices.Sorted(maps.Keys(ends)), ", ")),
			}
		}
	}
	return needs, nil
}

// end is the last part of a layer's name, with what a number is of.
func end(layer string) string {
	parts := strings.Split(layer, ".")
	last := len(parts) - 1
	if last > 0 && strings.Trim(parts[last], "0123456789") == "" {
		return parts[last-1] + "." + parts[last]
	}
	return parts[last]
}

// add puts adapters into a store with the network's weights, which are frozen:
// known ones, or new ones, with which the network is what it was, because up is
// zero. down is normal with deviation 1 / rank, as diffusers' training begins.
func (l LoRA) add(store *model.Store, needs []nn.Named, known map[string]safetensors.Tensor, seed uint64) error {
	for v := range store.IterVariables() {
		v.SetTrainable(false)
	}
	for _, need := range needs {
		values := make([]float32, safetensors.Size(need.Dims))
		if tensor, ok := known[need.Name]; ok {
			copy(values, tensor.Data)
		} else if strings.HasSuffix(need.Name, downEnd) {
			hash := fnv.New64a()
			hash.Write([]byte(need.Name))
			nn.Normal(1/float64(l.Rank))(rand.New(rand.NewPCG(seed, hash.Sum64())), need.Dims, values)
		}
		v, err := store.CreateVariable("/"+need.Name, tensors.FromFlatDataAndDimensions(values, need.Dims...))
		if err != nil {
			return fmt.Errorf("add adapter %q: %w", need.Name, err)
		}
		v.SetTrainable(true)
	}
	return nil
}

// Merge adds the adapters to the weights of the layers that they are for.
func (a *Adapters) Merge(store *model.Store) error {
	for name, down := range a.Tensors {
		layer, ok := strings.CutSuffix(name, downEnd)
		if !ok {
			continue
		}
		up, weight := a.Tensors[layer+upEnd], store.GetVariable("/"+layer+".weight")
		if weight == nil {
			return fmt.Errorf("merge adapters: there is no layer %q", layer)
		}
		rank, out := down.Dims[len(down.Dims)-1], up.Dims[len(up.Dims)-1]
		value, err := weight.Value()
		if err != nil {
			return fmt.Errorf("merge adapters: %w", err)
		}
		if value.Shape().Size() != len(down.Data)/rank*out || len(up.Data) != rank*out {
			return fmt.Errorf("merge adapters: the adapter of %q is %v and %v, its weight %v", layer, down.Dims, up.Dims, value.Shape().Dimensions)
		}
		sum := make([]float64, out)
		value.MustMutableFlatData(func(flat any) {
			for i, row := range slices.Collect(slices.Chunk(flat.([]float32), out)) {
				clear(sum)
				for r, d := range down.Data[i*rank : (i+1)*rank] {
					for j, u := range up.Data[r*out : (r+1)*out] {
						sum[j] += float64(d) * float64(u)
					}
				}
				for j := range row {
					row[j] = float32(float64(row[j]) + sum[j])
				}
			}
		})
	}
	return nil
}

// adaptersFile is the name, without extension, that diffusers gives and expects.
const adaptersFile = "pytorch_lora_weights"

// prefix of the tensors that are for the denoising network.
const prefix = "unet."

// metadataKey is under what diffusers keeps a PEFT configuration, as JSON with
// prefixed keys, in the metadata of a file, from 0.34 on. Earlier versions, and
// other programs, take alpha to be the rank.
const metadataKey = "lora_adapter_metadata"

// alphaKey is under what a file's metadata says how the adapters were trained.
const alphaKey = "plumb_lora_alpha"

// Write writes the adapters into a directory, to be read by diffusers
// (load_lora_weights): every version that knows PEFT's names reads them alike.
func (a *Adapters) Write(directory string) error {
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
	return file.Write(filepath.Join(directory, adaptersFile+".safetensors"))
}

// ReadAdapters reads the adapters in a directory; nil if there are none. backend
// lists the network's layers.
func (m *Model) ReadAdapters(backend compute.Backend, directory string) (*Adapters, error) {
	path := filepath.Join(directory, adaptersFile+".safetensors")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	a, written, names, err := aboutAdapters(path)
	if err != nil {
		return nil, sdk.Diagnostic{Summary: "Adapters that cannot be read", Detail: err.Error() + "."}
	}
	all := layers(m.UNet.Weights(backend).Needs)
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
	weights := pretrained.Weights{File: adaptersFile, Needs: needs, Rename: func(name string) string { return strings.TrimPrefix(name, prefix) }}
	store, err := weights.Read(directory)
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

// aboutAdapters reads the settings of adapters, the alpha that they are written
// for, and their tensors' names. A file that does not say its settings has those
// that diffusers takes then: the rank of its tensors, and as much for alpha.
func aboutAdapters(path string) (a *Adapters, written float64, names []string, err error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, 0, nil, err
	}
	defer r.Close()
	var about struct {
		Rank    int      `json:"unet.r"`
		Alpha   *float64 `json:"unet.lora_alpha"`
		Targets []string `json:"unet.target_modules"`
	}
	if text := r.Metadata()[metadataKey]; text != "" {
		if err := json.Unmarshal([]byte(text), &about); err != nil {
			return nil, 0, nil, fmt.Errorf("%s: %s: %w", path, metadataKey, err)
		}
	}
	for _, name := range r.Names() {
		info, _ := r.Info(name)
		if about.Rank == 0 && strings.HasSuffix(name, downEnd) && len(info.Dims) > 0 {
			about.Rank = info.Dims[0]
		}
	}
	a = &Adapters{LoRA: LoRA{Rank: about.Rank, Alpha: about.Alpha, Targets: about.Targets}}
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
