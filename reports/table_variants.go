package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// variantTables compares the variants of an ablation: models, rewards, and
// their differences from the baseline variant.
func variantTables(run *record.Run, variants []variant) []Table {
	evaluations := evaluationsAcross(run, variants)
	var tables []Table
	for _, c := range evaluations {
		models, rewards := c.models(), c.all(evaluation.judgedRewards)
		modelQuantities, rewardQuantities := c.modelQuantities(), c.rewardQuantities()
		for _, t := range []Table{
			lead(c.table("variants", "Variants: models", "model", models, modelQuantities)),
			c.parts(models),
			lead(c.table("variant-rewards", "Variants: agreement of the rewards with the raters", "reward", rewards, rewardQuantities)),
			c.fidelity(models),
			c.rewardsCompared(),
			c.bestOf(),
			lead(c.differences(models, modelQuantities, rewards, rewardQuantities)),
		} {
			if len(t.Rows) == 0 {
				continue
			}
			tables = append(tables, t.of(c.evaluation, len(evaluations) > 1))
		}
	}
	return tables
}

// lead is a table that stands first.
func lead(t Table) Table {
	t.Lead = true
	return t
}

// table has a row for each subject and group, its numbers over the seeds.
func (c across) table(id, title, what string, subjects []string, quantities []quantity) Table {
	variables, about := c.variableColumns(), wordColumn(FieldSubject, what)
	t := Table{ID: id, Title: title, Columns: append(variables, about)}
	for _, q := range quantities {
		t.Columns = append(t.Columns, q.column)
	}
	for _, subject := range subjects {
		groups := c.groups
		if c.sameEverywhere(subject, quantities) {
			groups = []group{c.anyOf()}
		}
		for _, g := range groups {
			row := c.row(g, variables)
			row.Subject = subject
			row.put(about, text(subject))
			for _, q := range quantities {
				if slices.Contains([]string{metric.WinMinusLose, metric.PreferenceMean}, q.column.Key.Metric) && c.isBaseline(subject) {
					row.put(q.column, text("-")) // nothing is compared with itself
					continue
				}
				row.put(q.column, c.overSeeds(&t, g, subject, func(e evaluation) *record.Metric { return q.of(e, subject) }))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	switch seeds := c.mostSeeds(); {
	case len(t.Rows) == 0:
	case seeds > 1:
		t.note(c.seedsNote())
	default:
		t.note("One seed: intervals are over prompts and leave out what another seed would change.")
	}
	return t
}
