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
	t.Title, t.Claim = "Variants against "+reference.label, "Over the seeds"
	var tested family
	add := func(subject string, q quantity) {
		for i, g := range c.groups {
			if i == at {
				continue
			}
			differences, unit := c.paired(g, reference, func(e evaluation) *record.Metric { return q.of(e, subject) })
			row := c.row(g, variables)
			row.Subject, row.Headline = subject, true
			row.put(about, text(subject))
			row.put(what, text(q.column.Title))
			row.put(seeds, text(fmt.Sprint(len(differences))))
			cell := text(missingText)
			if len(differences) > 0 {
				if unit == record.Share { // a difference of shares is in points
					unit = record.Points
					for i := range differences {
						differences[i] *= 100
					}
				}
				cell = seedCell(differences, unit)
				cell.Comparison = &Comparison{
					Baseline: reference.label, Difference: cell.Value, Low: cell.Low, High: cell.High,
					Unit: unit, Better: q.column.Better,
				}
				if p, err := stats.StudentTest(differences); err == nil {
					cell.Comparison.Test = "paired t test over the seeds"
					tested.add(cell.Comparison, p)
				}
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
	for _, by := range c.choosers() {
		if q := chosenQuantity(by); !c.sameEverywhere(by.name(), []quantity{q}) {
			add(by.name(), q)
		}
	}
	tested.correct()
	t.note("Differences paired by seed; shares in points.")
	return t
}
