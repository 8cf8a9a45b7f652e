package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// categoryTable is the share of good images by category of prompt.
func categoryTable(_ variant, e evaluation) (Table, bool) {
	model, prompts := wordColumn(FieldSubject, "model"), wordColumn(FieldPart, "prompts")
	numbers := []Column{metricColumn(metric.GoodShare, part{}).titled("all")}
	categories := e.distinct(metric.GoodShare, func(m record.Metric) string { return m.Category })
	for _, category := range categories {
		numbers = append(numbers, metricColumn(metric.GoodShare, part{category: category}).titled(category))
	}
	t := Table{ID: "categories", Title: "Good images by category, %", Columns: append([]Column{model, prompts}, numbers...)}
	for _, name := range e.models {
		for _, over := range orAll(e.splits(metric.GoodShare)) {
			row := Row{Subject: name, Baseline: name == e.baseline}
			row.put(model, text(name))
			row.put(prompts, text(over.name()))
			for _, number := range numbers {
				row.put(number, t.cellOf(e.find(metric.GoodShare, part{number.Key.Category, over.split}, of(name))))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t, len(categories) > 0
}

// categoryDifferencesTable is what each model gains over the baseline by category of
// prompt. It draws no conclusions: of so many numbers some differ by chance.
func categoryDifferencesTable(_ variant, e evaluation) (Table, bool) {
	model, prompts := wordColumn(FieldSubject, "model"), wordColumn(FieldPart, "prompts")
	numbers := []Column{metricColumn(metric.GoodShareDifference, part{}).titled("all")}
	categories := e.distinct(metric.GoodShareDifference, func(m record.Metric) string { return m.Category })
	for _, category := range categories {
		numbers = append(numbers, metricColumn(metric.GoodShareDifference, part{category: category}).titled(category))
	}
	t := Table{ID: "category-differences", Title: "Good images by category against " + e.baseline + ", points", Columns: append([]Column{model, prompts}, numbers...)}
	for _, name := range e.models {
		if name == e.baseline {
			continue
		}
		for _, over := range orAll(e.splits(metric.GoodShareDifference)) {
			row := Row{Subject: name}
			row.put(model, text(name))
			row.put(prompts, text(over.name()))
			for _, number := range numbers {
				row.put(number, t.cellOf(e.find(metric.GoodShareDifference, part{number.Key.Category, over.split}, of(name), against(e.baseline))))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.note("Where the gain is; paired by prompt, not tested: of so many intervals some miss 0 by chance.")
	return t, e.baseline != "" && len(categories) > 0 && len(t.Rows) > 0
}
