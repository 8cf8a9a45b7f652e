package reports

import (
	"github.com/plumb-ml/plumb/core/record"
)

// fidelity sets the images of the models against real ones, over the variants. The
// differences are from the evaluation's baseline model, within a variant.
func (c across) fidelity(models []string) Table {
	t := Table{ID: "variant-fidelity", Title: "Variants: fidelity, distance from real images"}
	c.imageRows(&t, models, distances)
	c.each(func(_ variant, e evaluation) {
		for _, note := range e.fidelityNotes() {
			t.note(note)
		}
	})
	return c.overSeedsNoted(t)
}

// diversity says how diverse the images of a prompt are, over the variants.
func (c across) diversity(models []string) Table {
	t := Table{ID: "variant-diversity", Title: "Variants: diversity between images of one prompt"}
	c.imageRows(&t, models, diversities)
	c.each(func(_ variant, e evaluation) {
		for _, note := range e.diversityNotes() {
			t.note(note)
		}
	})
	return c.overSeedsNoted(t)
}

// overSeedsNoted is a table that says what its intervals are about, if it has rows.
func (c across) overSeedsNoted(t Table) Table {
	if len(t.Rows) > 0 && c.mostSeeds() > 1 {
		t.note(c.seedsNote())
	}
	return t
}

// imageRows has a row for each model and group, and for real images, with the quantities
// and their differences; the first stands in the terminal, of the others the differences.
func (c across) imageRows(t *Table, models []string, of []imageQuantity) {
	variables, images := c.variableColumns(), wordColumn(FieldSubject, "images")
	t.Columns = append(variables, images)
	if !c.measured(of[0].value) {
		return
	}
	var quantities []quantity
	for i, q := range of {
		value := quantityOf(q.value, part{})
		if i > 0 {
			value.column = value.column.detailed()
		}
		quantities = append(quantities, value, quantityOf(q.difference, part{}))
	}
	for _, q := range quantities {
		t.Columns = append(t.Columns, q.column)
	}
	add := func(subject, title string, choice record.Choice) {
		chosen := make([]quantity, len(quantities))
		for i, q := range quantities {
			chosen[i] = q
			chosen[i].choice = choice
		}
		groups := c.groups
		if c.sameEverywhere(subject, chosen) {
			groups = []group{c.anyOf()}
		}
		for _, g := range groups {
			row := c.row(g, variables)
			row.Subject = title
			row.put(images, text(title))
			for i, q := range quantities {
				if row.put(q.column, text("-")); choice == record.All && c.isBaseline(subject) && q.column.Key.Metric != of[i/2].value {
					continue // nothing is compared with itself
				}
				if choice == record.OtherDraws && !c.measuredOf(q.column.Key.Metric, choice) {
					continue // real images that were held out have no difference
				}
				row.put(q.column, c.overSeeds(t, g, title, func(e evaluation) *record.Metric { return chosen[i].of(e, subject) }))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	for _, model := range models {
		add(model, model, record.All)
	}
	for _, name := range c.all(func(e evaluation) []string { return e.realImages(of[0].value) }) {
		add(name, otherDraws, record.OtherDraws)
	}
}

// realImages lists what real images that stand for a model's are of.
func (e evaluation) realImages(measured string) []string {
	return e.distinct(measured, func(m record.Metric) string {
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
