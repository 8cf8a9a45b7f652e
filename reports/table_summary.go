package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
)

// summaryTable is what is asked of an experiment first, in one row for each model and
// part of the prompts: how many images are good, by how much the model wins against the
// baseline, and what that comes to. The numbers, tests and corrections are those of the
// other tables.
func summaryTable(e evaluation, wins, fidelity Table) Table {
	model, prompts := wordColumn(FieldSubject, "model"), wordColumn(FieldPart, "prompts")
	good := metricColumn(metric.GoodShare, part{})
	net := metricColumn(metric.WinMinusLose, part{}).described()
	distance := metricColumn(metric.FID, part{})
	t := Table{
		ID: "summary", Title: "Models against " + e.baseline,
		Columns: []Column{model, prompts, good, net, pOf(net), conclusionOf(net), distance},
	}
	add := func(name string, over part, compared *Row) {
		row := Row{Subject: name, Baseline: name == e.baseline}
		row.put(model, text(name))
		row.put(prompts, text(over.name()))
		row.put(good, t.cellOf(e.find(metric.GoodShare, over, of(name))))
		row.put(net, text(""))
		if compared != nil {
			row.put(net, compared.Cells[net.Key])
		}
		row.put(distance, text("")) // one number for all prompts
		if over == (part{}) && e.has(metric.MeasureFidelity) {
			row.put(distance, t.distanceCell(e, metric.FID, name))
		}
		t.Rows = append(t.Rows, row)
	}
	parts := append([]part{{}}, splitsAsParts(e.splits(metric.WinMinusLose))...)
	compared := 0
	for _, name := range e.models {
		for _, over := range parts {
			var row *Row
			for i := range wins.Rows {
				if one := &wins.Rows[i]; one.Subject == name && !one.Detail && one.Cells[prompts.Key].Text == over.name() {
					row = one
				}
			}
			if row != nil {
				if c := row.Cells[net.Key].Comparison; c != nil && c.P != nil {
					compared++
				}
			}
			add(name, over, row)
		}
	}
	if !e.has(metric.MeasureFidelity) {
		t.Columns = t.Columns[:len(t.Columns)-1]
	}
	t.note(fmt.Sprintf("± and [ ]: 95 %% intervals over prompts. win-lose: prompts that a model wins less those that it loses against %s, by two thirds of the raters' votes, in points; p after Holm's correction over all %s.", e.baseline, countOf(compared, "comparison")))
	if verdicts := fidelityVerdicts(fidelity, e.baseline); verdicts != "" {
		t.note(verdicts)
	}
	if found := e.detectable(compared); found != "" {
		t.note(found)
	}
	return t
}

// countOf is a number of things in words.
func countOf(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// condensed is a table of variants with the columns that are asked for first.
func (t Table) condensed() Table {
	first := []string{metric.GoodShare, metric.WinMinusLose, metric.PreferenceMean, metric.FID, metric.PairwiseAccuracy, metric.AUC}
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool {
		key := c.Key
		if key.words() || key.Metric == "" {
			return false
		}
		return !slices.Contains(first, key.Metric) || key.Metric == metric.WinMinusLose && key.Split != ""
	})
	return t
}

// fidelityVerdicts says how far each model is from real images, beside the baseline, as
// the table of fidelity has it; empty if nothing was compared.
func fidelityVerdicts(fidelity Table, baseline string) string {
	var said []string
	for i, row := range fidelity.Rows {
		if row.Cells[ColumnKey{Field: FieldQuantity}].Text != metricColumn(metric.FID, part{}).Title {
			continue
		}
		for at, column := range fidelity.Columns {
			cell := row.Cell(column)
			if column.Key.Field != FieldNumber || cell.Value == nil || cell.Comparison == nil || cell.Comparison.P == nil {
				continue
			}
			value, interval := fidelity.written(i, at)
			p := fmt.Sprintf("p = %.3f", *cell.Comparison.P)
			if *cell.Comparison.P < 0.001 {
				p = "p < 0.001"
			}
			said = append(said, fmt.Sprintf("%s %s, %s (%s)", row.Subject, joined(value, interval), cell.Comparison.Conclusion(), p))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return "FID against " + baseline + ": " + strings.Join(said, "; ") + "."
}

// joined is a value and its interval.
func joined(value, interval string) string {
	if interval == "" {
		return value
	}
	return value + " " + interval
}
