package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// frozenScope is where frozen weights lie in a store, beside those that are trained.
const frozenScope = "/frozen"

// IsFrozen reports whether a variable of a store is a frozen copy: not a weight of
// the model, nor of its optimizer.
func IsFrozen(path string) bool { return strings.HasPrefix(path, frozenScope+"/") }

// Freeze keeps the weights in store that are trained as they are now, for Frozen.
// The others stay as they are anyway and are shared, so that a reference of
// adapters takes no second network. Weights that were frozen before stay so.
func Freeze(store *model.Store) error {
	var trained []*model.Variable
	for v := range store.IterVariables() {
		if v.Trainable && !IsFrozen(v.Path()) && store.GetVariable(frozenScope+v.Path()) == nil {
			trained = append(trained, v)
		}
	}
	for _, v := range trained {
		value, err := v.MustValue().LocalClone()
		if err != nil {
			return err
		}
		if err := FreezeAs(store, v.Path(), value); err != nil {
			return err
		}
	}
	return nil
}

// FreezeAs keeps a tensor as the frozen weight at path, such as "/blocks.0.weight",
// whatever the store's own is.
func FreezeAs(store *model.Store, path string, value *tensors.Tensor) error {
	v, err := store.CreateVariable(frozenScope+path, value)
	if err != nil {
		return err
	}
	v.SetTrainable(false)
	return nil
}

// FreezeFrom keeps the weights of another store of the same network, all of them,
// for Frozen, and frees each there, so that they are not in memory twice. Weights that
// the network does not have, or has in another shape, are an error that names one;
// building Frozen names one that is missing.
func FreezeFrom(store, reference *model.Store) error {
	for v := range reference.IterVariables() {
		own := store.GetVariable(v.Path())
		switch {
		case own == nil:
			return fmt.Errorf("weight %q has no counterpart: it is of another network", v.Path()[1:])
		case !slices.Equal(own.Shape().Dimensions, v.Shape().Dimensions):
			return fmt.Errorf("weight %q is %v, and %v in the network that is tuned", v.Path()[1:], v.Shape().Dimensions, own.Shape().Dimensions)
		}
		value, err := v.MustValue().LocalClone()
		if err != nil {
			return err
		}
		if err := FreezeAs(store, v.Path(), value); err != nil {
			return err
		}
		if err := v.Reset(); err != nil {
			return err
		}
	}
	return nil
}

// Frozen is the same tree with the weights that were kept by Freeze. No gradient
// reaches them, and nothing of the network is kept for one.
func (p Params) Frozen() Params {
	p.frozen, p.recompute, p.through = true, false, nil
	return p
}

// frozenOf is the frozen copy of a weight, or the weight if there is none.
func frozenOf(store *model.Store, v *model.Variable) *model.Variable {
	if kept := store.GetVariable(frozenScope + v.Path()); kept != nil {
		return kept
	}
	return v
}
