package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// rewardsCompared is by how much one reward agrees better with the raters than
// another, over the variants.
func (c across) rewardsCompared() Table {
	variables, reward, versus := c.variableColumns(), wordColumn(FieldSubject, "reward"), wordColumn(FieldVersus, "against")
	t := Table{ID: "variant-rewards-compared", Title: "Variants: rewards compared, points", Columns: append(variables, reward, versus)}
	var quantities []quantity
	for _, compared := range rewardComparisons {
		for _, over := range orAll(c.splits(compared.difference)) {
			quantities = append(quantities, quantityOf(compared.difference, over))
		}
	}
	for _, q := range quantities {
		t.Columns = append(t.Columns, q.column)
	}
	for _, pair := range c.rivals() {
		between := make([]quantity, len(quantities))
		for i, q := range quantities {
			between[i] = q
			between[i].column.Key.Versus = pair.versus
		}
		groups := c.groups
		if c.sameEverywhere(pair.reward, between) {
			groups = []group{c.anyOf()}
		}
		for _, g := range groups {
			row := c.row(g, variables)
			row.Subject = pair.reward
			row.put(reward, text(pair.reward))
			row.put(versus, text(pair.versus))
			for i, q := range quantities {
				row.put(q.column, c.overSeeds(&t, g, pair.reward, func(e evaluation) *record.Metric { return between[i].of(e, pair.reward) }))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) > 0 {
		t.note("Of the same images, paired by prompt.")
		if c.mostSeeds() > 1 {
			t.note(c.seedsNote())
		}
	}
	return t
}

// rivals is two rewards that are compared.
type rivals struct{ reward, versus string }

func (c across) rivals() []rivals {
	var all []rivals
	known := map[rivals]bool{}
	c.each(func(_ variant, e evaluation) {
		for _, m := range e.metrics {
			pair := rivals{m.Subject, m.Versus}
			if m.Name == metric.PairwiseAccuracyDifference && !known[pair] {
				known[pair] = true
				all = append(all, pair)
			}
		}
	})
	return all
}
