package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// fidelity sets the images of the models against real ones, over the variants. The
// differences are from the evaluation's baseline model, within a variant.
func (c across) fidelity(models []string) Table {
	variables, images := c.variableColumns(), wordColumn(FieldSubject, "images")
	t := Table{ID: "variant-fidelity", Title: "Variants: fidelity, distance from real images", Columns: append(variables, images)}
	if !c.measured(metric.FID) {
		return t
	}
	var quantities []quantity
	for _, d := range distances {
		value := quantityOf(d.value, part{})
		if d.value != metric.FID {
			value.column = value.column.detailed()
		}
		quantities = append(quantities, value, quantityOf(d.difference, part{}))
	}
	for _, q := range quantities {
		t.Columns = append(t.Columns, q.column)
	}
	add := func(subject, title string, choice record.Choice) {
		of := make([]quantity, len(quantities))
		for i, q := range quantities {
			of[i] = q
			of[i].choice = choice
		}
		groups := c.groups
		if c.sameEverywhere(subject, of) {
			groups = []group{c.anyOf()}
		}
		for _, g := range groups {
			row := c.row(g, variables)
			row.Subject = title
			row.put(images, text(title))
			for i, q := range quantities {
				if row.put(q.column, text("-")); choice == record.All && c.isBaseline(subject) && q.column.Key.Metric != distances[i/2].value {
					continue // nothing is compared with itself
				}
				if choice == record.OtherDraws && !c.measuredOf(q.column.Key.Metric, choice) {
					continue // real images that were held out have no difference
				}
				row.put(q.column, c.overSeeds(&t, g, title, func(e evaluation) *record.Metric { return of[i].of(e, subject) }))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	for _, model := range models {
		add(model, model, record.All)
	}
	for _, name := range c.all(evaluation.realImages) {
		add(name, otherDraws, record.OtherDraws)
	}
	c.each(func(_ variant, e evaluation) {
		for _, note := range e.fidelityNotes() {
			t.note(note)
		}
	})
	if c.mostSeeds() > 1 {
		t.note(c.seedsNote())
	}
	return t
}

// realImages lists what real images that stand for a model's are of.
func (e evaluation) realImages() []string {
	return e.distinct(metric.FID, func(m record.Metric) string {
		if m.Choice == record.OtherDraws {
			return m.Subject
		}
		return ""
	})
}

// measuredOf reports whether a metric of a choice of images was measured anywhere.
func (c across) measuredOf(name string, choice record.Choice) bool {
	found := false
	c.each(func(_ variant, e evaluation) { found = found || e.find(name, part{}, drawn(choice)) != nil })
	return found
}
