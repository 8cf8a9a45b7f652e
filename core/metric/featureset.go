package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// ImageFeatures is the features of a set of images.
type ImageFeatures struct {
	Rows []table.Feature // of one width
	// Images says which prompt each was drawn for; nil, or a Prompt that is empty:
	// nobody knows. Others than those of Rows are passed over.
	Images []table.Image
}

// featureSet is features whose rows are sorted, so that sums run in one order
// whatever the caller's.
type featureSet struct {
	name string // in errors and notes
	x    *mat.Dense
	ids  []string
	keys []promptKey // prompt is empty where nobody knows it
}

// setOf checks features, sorts them by prompt and image, and widens them to float64.
// A feature that is NaN or infinite is an error that names its image.
func setOf(name string, of ImageFeatures) (featureSet, error) {
	key := map[string]promptKey{}
	for _, image := range of.Images {
		key[image.ID] = promptKey{image.Category, image.Prompt, image.Split}
	}
	rows := slices.Clone(of.Rows)
	slices.SortStableFunc(rows, func(a, b table.Feature) int {
		return cmp.Or(comparePromptKeys(key[a.ImageID], key[b.ImageID]), cmp.Compare(a.ImageID, b.ImageID), slices.Compare(a.Vector, b.Vector))
	})
	set := featureSet{name: name}
	for i, row := range rows {
		of := func() string { return fmt.Sprintf("features of %s: image %q", name, row.ImageID) }
		width := len(rows[0].Vector)
		switch {
		case width == 0:
			return set, fmt.Errorf("%s has an empty feature", of())
		case len(row.Vector) != width:
			return set, fmt.Errorf("%s has a feature of width %d, image %q one of %d", of(), len(row.Vector), rows[0].ImageID, width)
		}
		if set.x == nil {
			set.x = mat.NewDense(len(rows), width, nil)
		}
		for j, value := range row.Vector {
			if math.IsNaN(float64(value)) || math.IsInf(float64(value), 0) {
				return set, fmt.Errorf("%s has the feature value %v at position %d", of(), value, j)
			}
			set.x.Set(i, j, float64(value))
		}
		set.ids, set.keys = append(set.ids, row.ImageID), append(set.keys, key[row.ImageID])
	}
	return set, nil
}

func (s featureSet) images() int { return len(s.ids) }

func (s featureSet) width() int {
	if s.x == nil {
		return 0
	}
	return s.x.RawMatrix().Cols
}

// prompted reports whether the prompt of every image is known.
func (s featureSet) prompted() bool {
	return !slices.ContainsFunc(s.keys, func(k promptKey) bool { return k.prompt == "" })
}

// prompts lists the different prompts, sorted; of a set whose prompts nobody knows,
// none.
func (s featureSet) prompts() []promptKey {
	if !s.prompted() {
		return nil
	}
	all := slices.Clone(s.keys)
	slices.SortFunc(all, comparePromptKeys)
	return slices.Compact(all)
}

// take is some rows of the set, in their order.
func (s featureSet) take(rows []int) featureSet {
	if len(rows) == 0 {
		return featureSet{name: s.name}
	}
	taken := featureSet{name: s.name, x: rowsOf(s.x, rows)}
	for _, row := range rows {
		taken.ids, taken.keys = append(taken.ids, s.ids[row]), append(taken.keys, s.keys[row])
	}
	return taken
}

// rowsOf copies some rows of x.
func rowsOf(x *mat.Dense, rows []int) *mat.Dense {
	_, width := x.Dims()
	chosen := mat.NewDense(len(rows), width, nil)
	for i, row := range rows {
		chosen.SetRow(i, x.RawRowView(row))
	}
	return chosen
}
