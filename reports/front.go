package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// Front is the models between alignment and fidelity.
type Front []FrontPoint

// FrontPoint is a model with both of its numbers.
type FrontPoint struct {
	Name     string // of an ablation with the variant
	Model    string
	Baseline bool
	Good     Cell // share of good images
	FID      Cell
}

// frontOf lists the models that have both numbers; of an ablation each model
// under each variant, over its seeds.
func frontOf(input Input) Front {
	variants := variantsOf(input)
	groups := groupsOf(input.Run, variants)
	var points Front
	for _, g := range groups {
		for _, e := range g.seeds[0].evaluations {
			c := across{groups: []group{g}, evaluation: e.name}
			for _, model := range e.models {
				var t Table // its notes are not shown in a plot
				number := func(name string) Cell {
					return c.overSeeds(&t, g, model, func(e evaluation) *record.Metric { return e.find(name, part{}, of(model)) })
				}
				point := FrontPoint{Name: model, Model: model, Baseline: model == e.baseline, Good: number(metric.GoodShare), FID: number(metric.FID)}
				if point.Good.Value == nil || point.FID.Value == nil {
					continue
				}
				same := func(p FrontPoint) bool {
					return p.Model == model && *p.Good.Value == *point.Good.Value && *p.FID.Value == *point.FID.Value
				}
				if slices.ContainsFunc(points, same) {
					continue // no variant touches it
				}
				if len(groups) > 1 && !point.Baseline {
					point.Name = labelled(point.Name, g.label)
				}
				points = append(points, point)
			}
		}
	}
	return points
}
