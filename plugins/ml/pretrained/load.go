package pretrained

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/plumb-ml/plumb/plugins/ml/safetensors"
	"github.com/plumb-ml/plumb/plugins/sdk"
)

// Tensor is one that a network needs.
type Tensor struct {
	Name   string
	Dims   []int // in the file
	Layout Layout
}

// Layout is how a tensor of the file becomes a weight of our layers.
type Layout int

// The layouts.
const (
	AsIs Layout = iota
	// Linear is [out, in...] in the file and [in, out] in the network, for
	// products with the weight on the right. A convolution whose windows do not
	// overlap is one over the values of a window.
	Linear
)

// dims in the network.
func (t Tensor) dims() []int {
	if t.Layout == Linear {
		return []int{safetensors.Size(t.Dims[1:]), t.Dims[0]}
	}
	return t.Dims
}

// listed is how many names of a kind of mistake are written out.
const listed = 8

// Load reads what a network needs into a new store. What the files hold beyond
// that is a mistake, unless ignore says otherwise: a model with more layers
// than its configuration says is another model.
func (w *Weights) Load(needed []Tensor, ignore func(name string) bool) (*model.Store, error) {
	if err := w.check(needed, ignore); err != nil {
		return nil, err
	}
	store := model.NewStore()
	for _, t := range needed {
		if err := w.load(store, t); err != nil {
			return nil, err
		}
	}
	return store, nil
}

// check compares what is needed with what is there.
func (w *Weights) check(needed []Tensor, ignore func(name string) bool) error {
	var missing, other, left []string
	wanted := map[string]bool{}
	for _, t := range needed {
		wanted[t.Name] = true
		holder, ok := w.holder[t.Name]
		if !ok {
			missing = append(missing, fmt.Sprintf("%s, F32, F16 or BF16 %v", t.Name, t.Dims))
			continue
		}
		if info, _ := holder.Info(t.Name); !info.Floating() || !slices.Equal(info.Dims, t.Dims) {
			other = append(other, fmt.Sprintf("%s is %s, expected F32, F16 or BF16 %v", t.Name, info, t.Dims))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.holder)) {
		if !wanted[name] && !ignore(name) {
			info, _ := w.holder[name].Info(name)
			left = append(left, fmt.Sprintf("%s, %s", name, info))
		}
	}
	var all sdk.Diagnostics
	add := func(what string, names []string, advice string) {
		if len(names) == 0 {
			return
		}
		lines := names[:min(listed, len(names))]
		if more := len(names) - len(lines); more > 0 {
			lines = append(slices.Clone(lines), fmt.Sprintf("and %d more", more))
		}
		all = append(all, sdk.Diagnostic{
			Severity: sdk.SeverityError,
			Summary:  fmt.Sprintf("Weights in %s that are %s: %d", w.directory, what, len(names)),
			Detail:   strings.Join(lines, "\n") + "\n" + advice,
		})
	}
	add("missing", missing, "The files are incomplete, or of another model than config.json says.")
	add("of another shape or type", other, "config.json may belong to another model; quantized weights are not supported.")
	add("left over", left, "config.json may belong to another, smaller model.")
	if len(all) > 0 {
		return all
	}
	return nil
}

// load reads one tensor.
func (w *Weights) load(store *model.Store, t Tensor) error {
	from, err := w.holder[t.Name].Floats(t.Name)
	if err != nil {
		return err
	}
	value := tensors.FromShape(shapes.Make(dtypes.Float32, t.dims()...))
	value.MustMutableFlatData(func(flat any) {
		if to := flat.([]float32); t.Layout == Linear {
			transpose(from.Data, t.Dims[0], to)
		} else {
			copy(to, from.Data)
		}
	})
	if _, err := store.CreateVariable("/"+t.Name, value); err != nil {
		return fmt.Errorf("load weight %q: %w", t.Name, err)
	}
	return nil
}

// transpose writes [rows, columns] as [columns, rows], in tiles that stay in a
// processor's cache.
func transpose(from []float32, rows int, to []float32) {
	const tile = 32
	if len(from) == 0 {
		return
	}
	columns := len(from) / rows
	for r0 := 0; r0 < rows; r0 += tile {
		for c0 := 0; c0 < columns; c0 += tile {
			for r := r0; r < min(r0+tile, rows); r++ {
				for c := c0; c < min(c0+tile, columns); c++ {
					to[c*rows+r] = from[r*columns+c]
				}
			}
		}
	}
}
