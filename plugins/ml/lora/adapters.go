package lora

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
)

// Adapters are trained adapters of a network. Alpha / Rank is a factor of each up
// already, so that a layer computes W x + up down x: that is how they are written,
// because most programs that read adapters take alpha to be the rank.
type Adapters struct {
	Config // as they were trained
	// Tensors are their weights by name, such as
	// "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight",
	// with our dimensions (nn.Params.WithAdapters).
	Tensors map[string]safetensors.Tensor
}

// New makes adapters of weights that were trained, by name.
func New(c Config, trained map[string]safetensors.Tensor) *Adapters {
	return &Adapters{Config: c, Tensors: timesUp(trained, c.Scale())}
}

// Trained gives the weights that New makes these adapters of.
func (a *Adapters) Trained() map[string]safetensors.Tensor { return timesUp(a.Tensors, 1/a.Scale()) }

// timesUp multiplies every up by a factor.
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

// Add puts the adapters that are needed (Needs) into a store with the network's
// weights, and freezes these: known adapters, or new ones, which change nothing
// yet, because up is zero. down is normal with deviation 1 / rank, as diffusers'
// training begins.
func (c Config) Add(store *model.Store, needs []nn.Named, known map[string]safetensors.Tensor, seed uint64) error {
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
			nn.Normal(1/float64(c.Rank))(rand.New(rand.NewPCG(seed, hash.Sum64())), need.Dims, values)
		}
		v, err := store.CreateVariable("/"+need.Name, tensors.FromFlatDataAndDimensions(values, need.Dims...))
		if err != nil {
			return fmt.Errorf("add adapter %q: %w", need.Name, err)
		}
		v.SetTrainable(true)
	}
	return nil
}

// Merge adds the adapters to the weights of their layers.
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
