package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// bestOf compares rejection sampling over the variants: what a reward chose, by
// how much that is better than images drawn at random and than other models'.
func (c across) bestOf() Table {
	variables, images := c.variableColumns(), wordColumn(FieldSubject, "images")
	t := Table{ID: "variant-best-of", Title: "Variants: best of n, chosen by reward", Columns: append(variables, images)}
	var shares []Column
	for _, over := range orAll(c.splits(metric.BestOfGoodShare)) {
		shares = append(shares, metricColumn(metric.BestOfGoodShare, over))
	}
	overRandom := metricColumn(metric.BestOfGoodShareDifference, part{}).titled("points over random")
	// Other models are the same in all variants; random images are each variant's own.
	var overOthers []Column
	for _, versus := range c.comparedModels() {
		column := metricColumn(metric.BestOfGoodShareDifference, part{}).titled("points over " + versus)
		column.Key.Versus = versus
		overOthers = append(overOthers, column)
	}
	t.Columns = append(append(append(t.Columns, shares...), overRandom), overOthers...)
	if !c.measured(metric.BestOfGoodShareDifference) {
		return t
	}
	begin := func(g group, subject string) Row {
		row := c.row(g, variables)
		row.Subject = subject
		row.put(images, text(subject))
		for _, share := range shares {
			row.put(share, c.overSeeds(&t, g, subject, func(e evaluation) *record.Metric {
				return e.find(metric.BestOfGoodShare, part{split: share.Key.Split}, of(subject))
			}))
		}
		return row
	}
	for _, g := range c.groups {
		subject, random := c.chosen(g)
		if subject == "" {
			subject = missingText
		}
		row := begin(g, subject)
		over := func(versus string) Cell {
			return c.overSeeds(&t, g, subject, func(e evaluation) *record.Metric {
				return e.find(metric.BestOfGoodShareDifference, part{}, of(subject), against(versus))
			})
		}
		row.put(overRandom, over(random))
		for _, column := range overOthers {
			row.put(column, over(column.Key.Versus))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, column := range overOthers {
		row := begin(c.anyOf(), column.Key.Versus)
		for _, other := range append([]Column{overRandom}, overOthers...) {
			row.put(other, text("-"))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) > 0 {
		t.note("points: difference in good images, paired by prompt.")
		if c.mostSeeds() > 1 {
			t.note(c.seedsNote())
		}
	}
	return t
}

// comparedModels lists the models that chosen images are compared with.
func (c across) comparedModels() []string {
	return c.all(func(e evaluation) []string {
		var models []string
		for _, m := range e.metrics {
			if m.Name == metric.BestOfGoodShareDifference && m.VersusChoice != record.Random && !slices.Contains(models, m.Versus) {
				models = append(models, m.Versus)
			}
		}
		return models
	})
}

// chosen names a group's chosen images, and the random ones beside them.
func (c across) chosen(g group) (subject, random string) {
	for _, v := range g.seeds {
		e, _ := c.of(v)
		for _, m := range e.metrics {
			if m.Name == metric.BestOfGoodShareDifference && m.VersusChoice == record.Random {
				return m.Subject, m.Versus
			}
		}
	}
	return "", ""
}
