package metric

import (
	"cmp"
	"slices"

	"github.com/plumb-ml/plumb/core/stats"
)

// What is assumed of images that nobody has drawn yet: as many good as bad ones, which
// asks most of a design, and an intraclass correlation of the images of a prompt.
const (
	AssumedShare    = 0.5
	AssumedLikeness = 0.3
)

// Significance is the level of tests.
const Significance = 0.05

// Design is an evaluation that is still to be made: what it can find, and what not.
type Design struct {
	Prompts   []Stratum // at least one
	PerPrompt int       // images of each side
}

// Stratum is the prompts of a category and split.
type Stratum struct {
	Category, Split string
	Prompts         int
}

// Count is the number of prompts.
func (d Design) Count() (n int) {
	for _, s := range d.Prompts {
		n += s.Prompts
	}
	return n
}

// GoodShareDifference is the smallest difference between two models' shares of good
// images, in points, that one test at Significance finds with DetectablePower, paired
// by prompt; false where there would be no interval. It rests on AssumedShare and
// AssumedLikeness, and on raters who agree: where they do not, several raters of an
// image find less than one does.
func (d Design) GoodShareDifference() (points float64, ok bool) {
	difference, err := d.shares().Detectable(Significance, DetectablePower)
	return 100 * difference, err == nil
}

// OverSeeds is GoodShareDifference between the means over seeds, as variants of an
// ablation are compared, at best: what training anew changes comes on top.
func (d Design) OverSeeds(seeds int) (points float64, ok bool) {
	difference, err := d.shares().DetectableOverSeeds(seeds, Significance, DetectablePower)
	return 100 * difference, err == nil
}

func (d Design) shares() stats.ShareDesign {
	return stats.ShareDesign{Clusters: d.Count(), Items: d.PerPrompt, Strata: len(d.Prompts), Share: AssumedShare, Likeness: AssumedLikeness}
}

// Part is a part of an evaluation's prompts that tables have a row for.
type Part struct {
	Category, Split string // empty: of all
	Prompts         int
}

// WithoutInterval lists the parts of the prompts that are too few for an interval of a
// share or mean: by split, by category, and by both where there are several of either.
func (d Design) WithoutInterval() []Part {
	counts := map[Part]int{}
	categories, splits := map[string]bool{}, map[string]bool{}
	for _, s := range d.Prompts {
		categories[s.Category], splits[s.Split] = true, true
	}
	for _, s := range d.Prompts {
		counts[Part{}] += s.Prompts
		if len(splits) > 1 {
			counts[Part{Split: s.Split}] += s.Prompts
		}
		if len(categories) > 1 {
			counts[Part{Category: s.Category}] += s.Prompts
		}
		if len(splits) > 1 && len(categories) > 1 {
			counts[Part{Category: s.Category, Split: s.Split}] += s.Prompts
		}
	}
	var parts []Part
	for part, n := range counts {
		if n < stats.FewestClusters {
			part.Prompts = n
			parts = append(parts, part)
		}
	}
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Split, b.Split)) })
	return parts
}

// FewestForFidelity is the fewest prompts that make an interval of a distance.
const FewestForFidelity = fewestPrompts
