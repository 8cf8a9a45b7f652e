package reports

import (
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// bestOf compares rejection sampling over the variants: what a reward chose, by
// how much that is better than images drawn at random and than other models'.
func (c comparison) bestOf() Table {
	t := Table{ID: "variant-best-of", Title: "Variants: best of n, chosen by reward", Columns: append(c.variableColumns(), Column{Title: "images", Text: true})}
	splits := c.subjects(func(e evaluation) []string {
		return e.distinct("best_of_good_share", func(m record.Metric) string { return m.Split })
	})
	if splits == nil {
		splits = []string{""}
	}
	for _, split := range splits {
		title := "good %"
		if split != "" {
			title = "good, " + split + " %"
		}
		t.Columns = append(t.Columns, Column{Title: title, Better: "higher"})
	}
	t.Columns = append(t.Columns, Column{Title: "points over random", Better: "higher"})
	// Other models are the same in all variants; random images are each variant's own.
	var others []string
	for _, versus := range c.subjects(func(e evaluation) []string {
		return e.distinct("best_of_good_share_difference", func(m record.Metric) string { return m.Versus })
	}) {
		if !isRandom(versus) {
			others = append(others, versus)
			t.Columns = append(t.Columns, Column{Title: "points over " + versus, Better: "higher"})
		}
	}
	if !c.measured("best_of_good_share_difference") {
		return t
	}
	share := func(g group, subject, split string) Cell {
		return c.overSeeds(&t, g, wanted{name: "best_of_good_share", subject: subject, by: "*", split: split})
	}
	for _, g := range c.groups {
		subject, random := c.chosen(g)
		if subject == "" {
			subject = missingText
		}
		row := Row{Baseline: g.baseline, Cells: append(c.variableCells(g), text(subject))}
		for _, split := range splits {
			row.Cells = append(row.Cells, share(g, subject, split))
		}
		for _, versus := range append([]string{random}, others...) {
			row.Cells = append(row.Cells, c.overSeeds(&t, g, wanted{name: "best_of_good_share_difference", subject: subject, versus: versus, by: "*"}))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, model := range others {
		any := c.groups[0]
		any.anyValue, any.baseline = true, false
		row := Row{Cells: append(c.variableCells(any), text(model))}
		for _, split := range splits {
			row.Cells = append(row.Cells, share(any, model, split))
		}
		for range len(others) + 1 {
			row.Cells = append(row.Cells, text("-"))
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

// chosen names a group's chosen images, and the random ones beside them.
func (c comparison) chosen(g group) (subject, random string) {
	for _, v := range g.seeds {
		e, _ := c.of(v)
		for _, m := range e.metrics {
			if m.Name == "best_of_good_share_difference" && isRandom(m.Versus) {
				return m.Subject, m.Versus
			}
		}
	}
	return "", ""
}

func isRandom(images string) bool { return strings.HasPrefix(images, "random ") }
