package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// Front is the models between alignment and fidelity.
type Front struct {
	Points []FrontPoint
	Floor  *float64 // the FID of real images that stand for a model's; nil: not measured
	Bars   string   // what the intervals of FID are of
}

// FrontPoint is a model with both of its numbers. FID of one seed has the interval of
// the difference from the baseline, about its value: FID itself has none.
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
	front := Front{Bars: "bars: 95 % of the difference from the baseline"}
	for _, g := range groups {
		for _, e := range g.seeds[0].evaluations {
			c := across{groups: []group{g}, evaluation: e.name}
			if floor := e.find(metric.FID, part{}, drawn(record.OtherDraws)); front.Floor == nil && floor != nil {
				front.Floor = floor.Value
			}
			for _, model := range e.models {
				var t Table // its notes are not shown in a plot
				number := func(name string) Cell {
					return c.overSeeds(&t, g, model, func(e evaluation) *record.Metric { return e.find(name, part{}, of(model), drawn(record.All)) })
				}
				point := FrontPoint{Name: model, Model: model, Baseline: model == e.baseline, Good: number(metric.GoodShare), FID: number(metric.FID)}
				if point.Good.Value == nil || point.FID.Value == nil {
					continue
				}
				if len(g.seeds) > 1 {
					front.Bars = "bars: 95 % over seeds"
				} else if d := number(metric.FIDDifference); d.Low != nil {
					low, high := *point.FID.Value+*d.Low-*d.Value, *point.FID.Value+*d.High-*d.Value
					point.FID.Low, point.FID.High = &low, &high
				}
				same := func(p FrontPoint) bool {
					return p.Model == model && *p.Good.Value == *point.Good.Value && *p.FID.Value == *point.FID.Value
				}
				if slices.ContainsFunc(front.Points, same) {
					continue // no variant touches it
				}
				if len(groups) > 1 && !point.Baseline {
					point.Name = labelled(point.Name, g.label)
				}
				front.Points = append(front.Points, point)
			}
		}
	}
	return front
}
