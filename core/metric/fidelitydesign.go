package metric

import (
	"math/rand/v2"
	"slices"
)

// fidelityDesign is what a distance is estimated from: the images of a model, by
// unit, those of the baseline for the same units, and real ones.
//
// The unit is the prompt, drawn by stratum (category and split). Where the reference
// shows the same prompts its images belong to the units, too: another draw of
// prompts would change all three together. Any other reference is taken as it is.
type fidelityDesign struct {
	strata    []int // of each unit
	model     grouped
	baseline  grouped // empty: there is none
	reference grouped // of the same units, if paired
	paired    bool
	prompted  bool // units are prompts; else each image is one
	// Texts of the units and of the images of a reference that is not paired, as
	// numbers; -1: nobody knows. Images of one text resemble each other, and are not
	// what two independent draws give.
	unitText, referenceText []int
}

// grouped is images, those of a unit beside each other.
type grouped struct {
	featureSet
	begin []int // of unit u are the rows begin[u] to begin[u+1]
}

func (g grouped) units() int { return len(g.begin) - 1 }

// alone has each image as a unit.
func alone(set featureSet) grouped {
	g := grouped{featureSet: set}
	for row := range set.images() + 1 {
		g.begin = append(g.begin, row)
	}
	return g
}

// groupedBy sorts the images by the unit of each.
func groupedBy(set featureSet, unit []int, units int) grouped {
	order := make([]int, len(unit))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return unit[a] - unit[b] })
	g := grouped{featureSet: set.take(order), begin: make([]int, units+1)}
	for _, u := range unit {
		g.begin[u+1]++
	}
	for u := range units {
		g.begin[u+1] += g.begin[u]
	}
	return g
}

// designOf finds the units. The baseline may be empty; it is left out, too, if its
// prompts are not the model's.
func designOf(model, baseline, reference featureSet) fidelityDesign {
	d := fidelityDesign{model: alone(model), reference: alone(reference), prompted: model.prompted()}
	texts := map[string]int{"": -1}
	text := func(words string) int {
		if _, known := texts[words]; !known {
			texts[words] = len(texts)
		}
		return texts[words]
	}
	if !d.prompted {
		d.strata = make([]int, model.images())
		for range model.images() {
			d.unitText = append(d.unitText, -1)
		}
		for range reference.images() {
			d.referenceText = append(d.referenceText, -1)
		}
		return d
	}
	prompts := model.prompts()
	units, byText := map[promptKey]int{}, map[string]int{}
	strata := map[scope]int{}
	for unit, p := range prompts {
		units[p], byText[p.prompt] = unit, unit
		d.unitText = append(d.unitText, text(p.prompt))
		stratum := scope{p.category, p.split}
		if _, known := strata[stratum]; !known {
			strata[stratum] = len(strata)
		}
		d.strata = append(d.strata, strata[stratum])
	}
	find := func(set featureSet, loosely bool) (unit []int, all bool) {
		held := make([]bool, len(prompts))
		for _, k := range set.keys {
			u, known := units[k]
			if !known && loosely {
				u, known = byText[k.prompt] // a folder calls its categories otherwise
			}
			if !known {
				return nil, false
			}
			unit, held[u] = append(unit, u), true
		}
		return unit, !slices.Contains(held, false)
	}
	unit, _ := find(model, false)
	d.model = groupedBy(model, unit, len(prompts))
	if baseline.images() > 0 {
		if unit, all := find(baseline, false); all {
			d.baseline = groupedBy(baseline, unit, len(prompts))
		}
	}
	if unit, all := find(reference, len(byText) == len(prompts)); all {
		d.reference, d.paired = groupedBy(reference, unit, len(prompts)), true
		return d
	}
	for _, k := range reference.keys {
		d.referenceText = append(d.referenceText, text(k.prompt))
	}
	return d
}

// compared reports whether there is a baseline.
func (d fidelityDesign) compared() bool { return d.baseline.x != nil }

// subset is a design of some units with one image of each, drawn at random, against
// as many real images: one of each of the same units, or any of a reference that is
// taken as it is.
func (d fidelityDesign) subset(random *rand.Rand, size int) fidelityDesign {
	chosen := random.Perm(d.model.units())[:size]
	s := fidelityDesign{paired: d.paired, prompted: d.prompted}
	one := func(g grouped) grouped {
		var rows []int
		for _, unit := range chosen {
			from, to := g.begin[unit], g.begin[unit+1]
			rows = append(rows, from+random.IntN(to-from))
		}
		return alone(g.take(rows))
	}
	for _, unit := range chosen {
		s.strata, s.unitText = append(s.strata, d.strata[unit]), append(s.unitText, d.unitText[unit])
	}
	s.model = one(d.model)
	if d.compared() {
		s.baseline = one(d.baseline)
	}
	if d.paired {
		s.reference = one(d.reference)
		return s
	}
	rows := random.Perm(d.reference.images())[:size]
	s.reference = alone(d.reference.take(rows))
	for _, row := range rows {
		s.referenceText = append(s.referenceText, d.referenceText[row])
	}
	return s
}
