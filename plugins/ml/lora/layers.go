package lora

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/ml/nn"
	"github.com/plumb-ml/plumb/plugins/sdk"
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

// Needs lists the weights of the adapters: of those layers of a network whose name
// is a target, or ends in one after a dot, as PEFT chooses them. The network has
// the given weights, and the given name in messages.
func (c Config) Needs(network string, weights []nn.Named) ([]nn.Named, error) {
	all := layers(weights)
	var needs []nn.Named
	hit := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		chosen := false
		for _, target := range c.Targets {
			if name == target || strings.HasSuffix(name, "."+target) {
				chosen, hit[target] = true, true
			}
		}
		if chosen {
			down, up := adapterDims(all[name], c.Rank)
			needs = append(needs, nn.Named{Name: name + downEnd, Dims: down}, nn.Named{Name: name + upEnd, Dims: up})
		}
	}
	for _, target := range c.Targets {
		if !hit[target] {
			ends := map[string]bool{}
			for name := range all {
				ends[end(name)] = true
			}
			return nil, sdk.Diagnostic{
				Summary: "No layer for an adapter",
				Detail:  fmt.Sprintf("targets has %q, and no layer of the %s is called so. Layers end in %s.", target, network, strings.Join(slices.Sorted(maps.Keys(ends)), ", ")),
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
