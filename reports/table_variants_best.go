package reports

import (
	"cmp"
	"fmt"
	"slices"

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
	for _, by := range c.choosers() {
		for _, g := range c.groups {
			subject := c.chosen(g, by)
			add(g, cmp.Or(subject, by.name()), func(column Column) Cell {
				return c.overSeeds(&t, g, subject, func(e evaluation) *record.Metric {
					return e.find(metric.BestOfGoodShare, part{split: column.Key.Split}, e.chosenBy(by))
				})
			}, func(column Column) Cell {
				if !c.choiceIsCompared(by, column.Key) {
					return text("-")
				}
				return c.overSeeds(&t, g, subject, func(e evaluation) *record.Metric {
					return e.find(metric.BestOfGoodShareDifference, part{}, e.chosenBy(by), e.versus(column.Key))
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

// chooser is a reward that chooses among the images of a draw. Variants may draw
// different numbers, so a draw is known by its place in the experiment.
type chooser struct {
	reward string
	draw   int
}

func (by chooser) name() string {
	if by.draw > 0 {
		return fmt.Sprintf("best by %s, draw %d", by.reward, by.draw+1)
	}
	return "best by " + by.reward
}

// draws lists the draws of an evaluation.
func (e evaluation) draws() []string {
	return e.distinct(metric.BestOfGoodShareDifference, func(m record.Metric) string { return m.Protocol[metric.Draw] })
}

// chosenBy is a metric of the images that a reward chose.
func (e evaluation) chosenBy(by chooser) condition {
	draws := e.draws()
	return func(m *record.Metric) bool {
		return m.Choice == record.Best && m.Reward == by.reward && by.draw < len(draws) && m.Protocol[metric.Draw] == draws[by.draw]
	}
}

// choosers lists who chose images, of the first draw first.
func (c across) choosers() []chooser {
	var all []chooser
	c.each(func(_ variant, e evaluation) {
		draws := e.draws()
		for _, m := range e.metrics {
			by := chooser{m.Reward, slices.Index(draws, m.Protocol[metric.Draw])}
			if m.Name == metric.BestOfGoodShareDifference && !slices.Contains(all, by) {
				all = append(all, by)
			}
		}
	})
	slices.SortStableFunc(all, func(a, b chooser) int { return a.draw - b.draw })
	return all
}

// versus is what a column of differences is over: random images, those that another
// reward chose, or a model's.
func (e evaluation) versus(key ColumnKey) condition {
	return func(m *record.Metric) bool {
		switch {
		case key.Versus != "":
			return m.Versus == key.Versus
		case key.Reward != "":
			return m.VersusChoice == record.Best && e.chooserOf(m.Versus) == key.Reward
		}
		return m.VersusChoice == record.Random
	}
}

// chooserOf is the reward that chose some images.
func (e evaluation) chooserOf(images string) string {
	if m := e.find(metric.BestOfGoodShare, part{}, of(images)); m != nil {
		return m.Reward
	}
	return ""
}

// outdone lists the rewards whose choice another reward's is compared with.
func (c across) outdone() []string {
	return c.all(func(e evaluation) []string {
		return e.distinct(metric.BestOfGoodShareDifference, func(m record.Metric) string {
			if m.VersusChoice != record.Best {
				return ""
			}
			return e.chooserOf(m.Versus)
		})
	})
}

// choiceIsCompared reports whether a choice is compared, in any variant, with what a
// column is over.
func (c across) choiceIsCompared(by chooser, over ColumnKey) bool {
	is := false
	c.each(func(_ variant, e evaluation) {
		is = is || e.find(metric.BestOfGoodShareDifference, part{}, e.chosenBy(by), e.versus(over)) != nil
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

// chosen names the images that are chosen in a group.
func (c across) chosen(g group, by chooser) string {
	for _, v := range g.seeds {
		e, _ := c.of(v)
		if m := e.find(metric.BestOfGoodShareDifference, part{}, e.chosenBy(by)); m != nil {
			return m.Subject
		}
	}
	return ""
}
