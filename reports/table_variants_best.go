package reports

import (
	"cmp"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// bestOf compares rejection sampling over the variants: what each reward chose, by how
// much that is better than images drawn at random, than what another reward chose of
// the same images, and than other models' images.
func (c across) bestOf() Table {
	variables, images := c.variableColumns(), wordColumn(FieldSubject, "images")
	t := Table{ID: "variant-best-of", Title: "Variants: best of n, chosen by reward", Columns: append(variables, images)}
	var shares, over []Column
	for _, split := range orAll(c.splits(metric.BestOfGoodShare)) {
		shares = append(shares, metricColumn(metric.BestOfGoodShare, split))
	}
	difference := metricColumn(metric.BestOfGoodShareDifference, part{})
	over = append(over, difference.titled("points over random"))
	rewards := c.choosers()
	for _, reward := range c.outdone() {
		column := difference.titled("points over best by " + reward)
		column.Key.Reward = reward
		over = append(over, column)
	}
	models := c.comparedModels()
	for _, versus := range models {
		column := difference.titled("points over " + versus)
		column.Key.Versus = versus
		over = append(over, column)
	}
	t.Columns = append(append(t.Columns, shares...), over...)
	if !c.measured(metric.BestOfGoodShareDifference) {
		return t
	}
	add := func(g group, subject string, share, difference func(Column) Cell) {
		row := c.row(g, variables)
		row.Subject = subject
		row.put(images, text(subject))
		for _, column := range shares {
			row.put(column, share(column))
		}
		for _, column := range over {
			row.put(column, difference(column))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, reward := range rewards {
		for _, g := range c.groups {
			subject := c.chosen(g, reward)
			add(g, cmp.Or(subject, "best by "+reward), func(column Column) Cell {
				return c.overSeeds(&t, g, subject, func(e evaluation) *record.Metric {
					return e.find(metric.BestOfGoodShare, part{split: column.Key.Split}, by(reward))
				})
			}, func(column Column) Cell {
				if !c.choiceIsCompared(reward, column.Key) {
					return text("-")
				}
				return c.overSeeds(&t, g, subject, func(e evaluation) *record.Metric {
					return e.find(metric.BestOfGoodShareDifference, part{}, by(reward), e.versus(column.Key))
				})
			})
		}
	}
	for _, model := range models {
		g := c.anyOf()
		add(g, model, func(column Column) Cell {
			return c.overSeeds(&t, g, model, func(e evaluation) *record.Metric {
				return e.find(metric.BestOfGoodShare, part{split: column.Key.Split}, of(model))
			})
		}, func(Column) Cell { return text("-") })
	}
	if len(t.Rows) > 0 {
		t.note("points: difference in good images, paired by prompt.")
		if c.mostSeeds() > 1 {
			t.note(c.seedsNote())
		}
	}
	return t
}

// versus is what a column of differences is over: random images, those that another
// reward chose, or a model's.
func (e evaluation) versus(key ColumnKey) condition {
	return func(m *record.Metric) bool {
		switch {
		case key.Versus != "":
			return m.Versus == key.Versus
		case key.Reward != "":
			return m.VersusChoice == record.Best && e.chooser(m.Versus) == key.Reward
		}
		return m.VersusChoice == record.Random
	}
}

// chooser is the reward that chose some images.
func (e evaluation) chooser(images string) string {
	if m := e.find(metric.BestOfGoodShare, part{}, of(images)); m != nil {
		return m.Reward
	}
	return ""
}

// choosers lists the rewards that chose images.
func (c across) choosers() []string {
	return c.all(func(e evaluation) []string {
		return e.distinct(metric.BestOfGoodShareDifference, func(m record.Metric) string { return m.Reward })
	})
}

// outdone lists the rewards whose choice another reward's is compared with.
func (c across) outdone() []string {
	return c.all(func(e evaluation) []string {
		return e.distinct(metric.BestOfGoodShareDifference, func(m record.Metric) string {
			if m.VersusChoice != record.Best {
				return ""
			}
			return e.chooser(m.Versus)
		})
	})
}

// choiceIsCompared reports whether a reward's choice is compared, in any variant, with
// what a column is over.
func (c across) choiceIsCompared(reward string, over ColumnKey) bool {
	is := false
	c.each(func(_ variant, e evaluation) {
		is = is || e.find(metric.BestOfGoodShareDifference, part{}, by(reward), e.versus(over)) != nil
	})
	return is
}

// comparedModels lists the models that chosen images are compared with.
func (c across) comparedModels() []string {
	return c.all(func(e evaluation) []string {
		return e.distinct(metric.BestOfGoodShareDifference, func(m record.Metric) string {
			if m.VersusChoice != record.All {
				return ""
			}
			return m.Versus
		})
	})
}

// chosen names the images that a reward chose in a group.
func (c across) chosen(g group, reward string) string {
	for _, v := range g.seeds {
		e, _ := c.of(v)
		if m := e.find(metric.BestOfGoodShareDifference, part{}, by(reward)); m != nil {
			return m.Subject
		}
	}
	return ""
}
