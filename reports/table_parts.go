package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// partsNote says what the numbers of a table of parts are for.
const partsNote = "What rewards say of an image beside their score; nothing is chosen or trained by it."

// scorePart is a further number of a reward: one of its parts.
type scorePart struct{ reward, part string }

// name is how tables call it.
func (s scorePart) name() string { return s.reward + " " + s.part }

func (s scorePart) is(m *record.Metric) bool { return m.Reward == s.reward && m.Part == s.part }

// scoreParts lists the further numbers of rewards that were measured of models.
func (e evaluation) scoreParts() []scorePart {
	var all []scorePart
	for _, m := range e.metrics {
		if of := (scorePart{m.Reward, m.Part}); m.Name == metric.AveragePartMean && !slices.Contains(all, of) {
			all = append(all, of)
		}
	}
	return all
}

// partsTable is what the rewards say of the models' images beside their scores.
func partsTable(_ variant, e evaluation) (Table, bool) {
	model, what := wordColumn(FieldSubject, "model"), wordColumn(FieldQuantity, "number")
	mean := Column{Key: ColumnKey{Field: FieldValue}, Title: "mean"}
	difference := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	t := Table{ID: "parts", Title: "Further numbers of the rewards", Columns: []Column{model, what, mean}}
	compared := e.baseline != "" && e.measured(metric.AveragePartDifference)
	if compared {
		t.Columns = append(t.Columns, difference)
	}
	parts := e.scoreParts()
	for _, number := range parts {
		for _, name := range e.models {
			row := Row{Subject: name, Baseline: name == e.baseline}
			row.put(model, text(name))
			row.put(what, text(number.name()))
			row.put(mean, t.cellOf(e.find(metric.AveragePartMean, part{}, of(name), number.is)))
			switch {
			case !compared:
			case row.Baseline:
				row.put(difference, text("-")) // nothing is compared with itself
			default:
				row.put(difference, t.cellOf(e.find(metric.AveragePartDifference, part{}, of(name), number.is)))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.note(partsNote)
	if compared {
		t.note("difference: from " + e.baseline + ", paired by prompt, not tested.")
	}
	return t, len(parts) > 0 && len(e.models) > 0
}

// parts is what the rewards say beside their scores, over the variants.
func (c across) parts(models []string) Table {
	var quantities []quantity
	c.each(func(_ variant, e evaluation) {
		for _, of := range e.scoreParts() {
			q := quantityOf(metric.AveragePartMean, part{})
			q.column.Title = of.name()
			q.column.Key.Reward, q.column.Key.ScorePart = of.reward, of.part
			if !slices.ContainsFunc(quantities, func(other quantity) bool { return other.column.Key == q.column.Key }) {
				quantities = append(quantities, q)
			}
		}
	})
	if quantities == nil {
		return Table{}
	}
	t := c.table("variant-parts", "Variants: further numbers of the rewards", "model", models, quantities)
	t.note(partsNote)
	return t
}
