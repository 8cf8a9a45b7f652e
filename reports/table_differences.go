package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// differences sets every group against the baseline group, paired by seed.
func (c across) differences(models []string, modelQuantities []quantity, rewards []string, rewardQuantities []quantity) Table {
	variables := c.variableColumns()
	about, what, seeds := wordColumn(FieldSubject, "of"), wordColumn(FieldQuantity, "measure"), wordColumn(FieldSeeds, "seeds")
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	t := Table{ID: "variant-differences", Columns: append(variables, about, what, seeds, number, pOf(number), conclusionOf(number))}
	at := slices.IndexFunc(c.groups, func(g group) bool { return g.baseline })
	if at < 0 || c.mostSeeds() < 2 {
		return t
	}
	reference := c.groups[at]
	t.Title = "Variants against " + reference.label
	var tested family
	add := func(subject string, q quantity) {
		for i, g := range c.groups {
			if i == at {
				continue
			}
			differences, unit := c.paired(g, reference, func(e evaluation) *record.Metric { return q.of(e, subject) })
			row := c.row(g, variables)
			row.Subject = subject
			row.put(about, text(subject))
			row.put(what, text(q.column.Title))
			row.put(seeds, text(fmt.Sprint(len(differences))))
			cell := text(missingText)
			if interval, err := stats.Student(differences, stats.Level); err == nil {
				if unit == record.Share { // a difference of shares is in points
					unit = record.Points
					for _, bound := range []*float64{&interval.Value, &interval.Low, &interval.High} {
						*bound *= 100
					}
				}
				p, _ := stats.StudentTest(differences)
				cell = Cell{
					Value: &interval.Value, Low: &interval.Low, High: &interval.High, Unit: unit, N: len(differences),
					Comparison: &Comparison{
						Baseline: reference.label, Difference: &interval.Value, Low: &interval.Low, High: &interval.High,
						Unit: unit, Better: q.column.Better,
					},
				}
				tested.add(cell.Comparison, p)
			}
			row.put(number, cell)
			t.Rows = append(t.Rows, row)
		}
	}
	for _, one := range []struct {
		subjects   []string
		quantities []quantity
	}{{models, modelQuantities}, {rewards, rewardQuantities}} {
		for _, subject := range one.subjects {
			if c.sameEverywhere(subject, one.quantities) {
				continue
			}
			for _, q := range one.quantities {
				if q.headline {
					add(subject, q)
				}
			}
		}
	}
	tested.correct()
	t.note("Differences paired by seed, with 95 % t intervals; shares in points. p: paired t test, Holm's correction over this table; the conclusion needs p of at most 0.05.")
	return t
}
