package nn

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Names of an adapter's two weights, under the layer that it is for.
const (
	AdapterDown = "lora_A"
	AdapterUp   = "lora_B"
)

// WithAdapters is the same tree, where layers that have an adapter add to their
// output scale times what it makes of their input (Hu et al. 2022, eq. 3):
//
//	y = W x + scale * up down x
//
// An adapter is there if the store holds its weights: for a matrix down [in,
// rank] and up [rank, out], for a convolution down [size, size, in, rank] with
// the layer's window and up [1, 1, rank, out].
func (p Params) WithAdapters(scale float64) Params {
	p.adapters = scale
	return p
}

// adapted is what the adapter of the layer p adds to its output, nil if it has
// none. layer is the layer without bias, for another weight of its own kind.
func (p Params) adapted(x *Node, layer func(x, weight *Node, last bool) *Node) *Node {
	if p.adapters == 0 || p.store == nil {
		return nil
	}
	weight := func(name string) *Node {
		v := p.store.GetVariable("/" + p.In(name+".weight").path)
		if v == nil {
			return nil
		}
		return p.value(x.Graph(), v)
	}
	down, up := weight(AdapterDown), weight(AdapterUp)
	if down == nil || up == nil {
		return nil
	}
	return MulScalar(layer(layer(x, down, false), up, true), p.adapters)
}
