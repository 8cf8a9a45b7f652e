package reports

import (
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// group is the variants that differ in their seed alone: one row of an ablation.
type group struct {
	label    string
	baseline bool
	anyValue bool // stands for all groups
	seeds    []variant
}

func groupsOf(run *record.Run, variants []variant) []group {
	var all []group
	for _, v := range variants {
		at := slices.IndexFunc(all, func(g group) bool { return g.label == v.label })
		if at < 0 {
			at = len(all)
			all = append(all, group{label: v.label})
		}
		g := &all[at]
		g.seeds = append(g.seeds, v)
		if b := run.Baseline; b != "" && (b == v.label || b == v.Name || b == v.ID) {
			g.baseline = true
		}
	}
	return all
}

// anyOf stands for all groups: no variant changes its numbers.
func (c across) anyOf() group {
	g := c.groups[0]
	g.anyValue, g.baseline = true, false
	return g
}

// overSeeds is a metric's mean over the seeds of a group. With a single planned
// seed it is that seed's number with its own interval.
func (c across) overSeeds(t *Table, g group, subject string, find func(evaluation) *record.Metric) Cell {
	var found []*record.Metric
	var values []float64
	var last *record.Metric
	for _, v := range g.seeds {
		e, _ := c.of(v)
		m := find(e)
		if m == nil {
			continue
		}
		last = m
		if m.Value != nil {
			found, values = append(found, m), append(values, *m.Value)
		}
	}
	if len(values) < len(g.seeds) && last != nil {
		t.note(fmt.Sprintf("%s: %d of %d seeds.", labelled(subject, g.label), len(values), len(g.seeds)))
	}
	switch {
	case len(values) == 0:
		return t.cellOf(last)
	case len(g.seeds) == 1:
		return t.cellOf(found[0])
	}
	return seedCell(values, found[0].Unit)
}

// seedCell is a number under several seeds: its mean with an interval, or, of fewer
// seeds than make one, the numbers themselves.
func seedCell(values []float64, unit record.Unit) Cell {
	mean := stat.Mean(values, nil)
	cell := Cell{Value: &mean, Unit: unit, N: len(values)}
	interval, err := stats.Student(values, stats.Level)
	method := "95 %, t over the seeds"
	if err == nil && unit == record.Share {
		interval, err = stats.StudentShare(values, stats.Level)
		method = "95 %, binomial of the effective number of seeds by their spread (Korn and Graubard)"
	}
	switch {
	case errors.Is(err, stats.ErrTooFew):
		cell.Seeds = values
		if len(values) > 1 {
			cell.Note = fmt.Sprintf("fewer than %d seeds: the number under each, and no interval", stats.FewestValues)
		}
	case errors.Is(err, stats.ErrNoSpread):
		cell.Note = "no interval: the seeds agree to the digit"
	case err == nil:
		if unit == record.Points { // of a hundred
			interval.Low, interval.High = max(-100, interval.Low), min(100, interval.High)
		}
		cell.Low, cell.High, cell.Method = &interval.Low, &interval.High, method
	}
	return cell
}

// paired lists a metric's differences between two groups, by seed.
func (c across) paired(g, reference group, find func(evaluation) *record.Metric) (differences []float64, unit record.Unit) {
	for _, v := range g.seeds {
		at := slices.IndexFunc(reference.seeds, func(r variant) bool { return r.Seed == v.Seed })
		if at < 0 {
			continue
		}
		e, _ := c.of(v)
		r, _ := c.of(reference.seeds[at])
		a, b := find(e), find(r)
		if a != nil && b != nil && a.Value != nil && b.Value != nil {
			differences, unit = append(differences, *a.Value-*b.Value), a.Unit
		}
	}
	return differences, unit
}

func (c across) seedsNote() string {
	if c.mostSeeds() < stats.FewestValues {
		return fmt.Sprintf("%d seeds: the number under each.", c.mostSeeds())
	}
	return fmt.Sprintf("Mean over %d seeds; the interval is about what another seed would change.", c.mostSeeds())
}

func (c across) mostSeeds() int {
	most := 0
	for _, g := range c.groups {
		most = max(most, len(g.seeds))
	}
	return most
}

// sameEverywhere reports whether a subject's numbers are the same in every
// group, seed by seed: the variable that varies does not touch it.
func (c across) sameEverywhere(subject string, quantities []quantity) bool {
	if len(c.groups) < 2 {
		return false
	}
	known := map[uint64]map[int]float64{}
	for position, g := range c.groups {
		if len(g.seeds) != len(c.groups[0].seeds) {
			return false
		}
		for _, v := range g.seeds {
			e, _ := c.of(v)
			if position == 0 {
				known[v.Seed] = map[int]float64{}
			}
			before, ok := known[v.Seed]
			if !ok {
				return false
			}
			for i, q := range quantities {
				m := q.of(e, subject)
				if m == nil || m.Value == nil {
					if _, ok := before[i]; ok {
						return false
					}
					continue
				}
				if value, ok := before[i]; position > 0 && (!ok || value != *m.Value) {
					return false
				}
				before[i] = *m.Value
			}
		}
	}
	return true
}
