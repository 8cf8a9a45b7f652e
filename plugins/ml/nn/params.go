// Package nn holds the layers that the models share, written for both
// lowerings: matrix products that the pure-Go backend does well, and native
// operations on XLA.
//
// A layer is a function from Params and nodes to nodes. Weights are [in, out]
// and named as in the checkpoint: the path of a Params is the tensor's name
// in the safetensors file. The package refuses to know a whole model.
package nn

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Params is a node of a model's tree of weights. Weights that do not exist
// yet are drawn in Go from the seed and their own path, so that the same seed
// gives the same network on every backend, whatever the order of building.
type Params struct {
	store    *model.Store
	path     string
	seed     uint64
	complete bool // the store has every weight: make none
	list     *[]Named
	see      func(path string, y *Node)
	adapters float64 // what their part of a layer's output is multiplied by; 0: there are none

	dtype     dtypes.DType // that layers are computed in; invalid: that of the weights
	recompute bool         // of the insides of blocks (Recomputed)
	through   func(v *model.Variable, w *Node) *Node
	frozen    bool // weights are those that Freeze kept
}

// NewParams is the root of the weights in store.
func NewParams(store *model.Store, seed uint64) Params {
	return Params{store: store, seed: seed}
}

// LoadedParams is the root of weights that come from a checkpoint. A network
// that needs one that is missing there is not built: a random one in its place
// would go unnoticed.
func LoadedParams(store *model.Store) Params {
	return Params{store: store, complete: true}
}

// In is the part of the tree under name.
func (p Params) In(name string) Params {
	if p.path != "" {
		name = p.path + "." + name
	}
	p.path = name
	return p
}

// Initializer fills a new weight of the given dimensions.
type Initializer func(random *rand.Rand, dims []int, out []float32)

// ZerosInit initializes with zeros.
func ZerosInit(_ *rand.Rand, _ []int, out []float32) { clear(out) }

// OnesInit initializes with ones.
func OnesInit(_ *rand.Rand, _ []int, out []float32) {
	for i := range out {
		out[i] = 1
	}
}

// FanIn initializes from a normal distribution with variance gain / fan-in,
// where every axis but the last counts as input (He et al. 2015, eq. 10 for
// gain 2).
func FanIn(gain float64) Initializer {
	return func(random *rand.Rand, dims []int, out []float32) {
		fanIn := 1
		for _, d := range dims[:len(dims)-1] {
			fanIn *= d
		}
		deviation := math.Sqrt(gain / float64(fanIn))
		for i := range out {
			out[i] = float32(random.NormFloat64() * deviation)
		}
	}
}

// Normal initializes from a normal distribution.
func Normal(deviation float64) Initializer {
	return func(random *rand.Rand, _ []int, out []float32) {
		for i := range out {
			out[i] = float32(random.NormFloat64() * deviation)
		}
	}
}

// Weight is the value in graph g of the weight called name. Like everything
// that builds a graph it panics if it cannot be: with an error that names the
// weight, if it is of another shape.
func (p Params) Weight(g *Graph, name string, initialize Initializer, dims ...int) *Node {
	path := "/" + p.In(name).path
	if p.list != nil {
		*p.list = append(*p.list, Named{Name: path[1:], Dims: dims})
		return Zeros(g, shapes.Make(dtypes.Float32, dims...))
	}
	if v := p.store.GetVariable(path); v != nil {
		if shape := v.Shape(); shape.DType != dtypes.Float32 && shape.DType != p.dtype || !slices.Equal(shape.Dimensions, dims) {
			panic(fmt.Errorf("weight %q is %s %v, the network needs Float32 %v: the checkpoint is of another configuration", path[1:], shape.DType, shape.Dimensions, dims))
		}
		return p.value(g, v)
	}
	if p.complete {
		panic(fmt.Errorf("weight %q, Float32 %v, is missing: the checkpoint is damaged or of another model", path[1:], dims))
	}
	hash := fnv.New64a()
	hash.Write([]byte(path))
	random := rand.New(rand.NewPCG(p.seed, hash.Sum64()))
	value := tensors.FromShape(shapes.Make(dtypes.Float32, dims...))
	value.MustMutableFlatData(func(flat any) { initialize(random, dims, flat.([]float32)) })
	return p.value(g, p.store.VariableWithValue(path, value))
}

// value is a weight's value in a graph, as layers compute with it.
func (p Params) value(g *Graph, v *model.Variable) *Node {
	if p.frozen {
		return p.Cast(StopGradient(frozenOf(p.store, v).NodeValue(g)))
	}
	w := v.NodeValue(g)
	if p.through != nil {
		w = p.through(v, w)
	}
	return p.Cast(w)
}
