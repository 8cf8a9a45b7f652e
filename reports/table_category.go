package reports

import "github.com/plumb-ml/plumb/core/record"

// categoryTable is the share of good images by category of prompt.
func categoryTable(_ variant, e evaluation) (Table, bool) {
	t := Table{ID: "categories", Title: "Good images by category, %", Columns: []Column{
		{Title: "model", Text: true}, {Title: "prompts", Text: true}, {Title: "all", Better: "higher"},
	}}
	categories := e.distinct("good_share", func(m record.Metric) string { return m.Category })
	for _, category := range categories {
		t.Columns = append(t.Columns, Column{Title: category, Better: "higher"})
	}
	splits := e.distinct("good_share", func(m record.Metric) string { return m.Split })
	if len(splits) == 0 {
		splits = []string{""}
	}
	baseline := e.baseline()
	for _, model := range e.models {
		for _, split := range splits {
			row := Row{Baseline: model == baseline, Cells: []Cell{text(model), text(part{split: split}.name())}}
			for _, category := range append([]string{""}, categories...) {
				row.Cells = append(row.Cells, t.cellOf(e.find(wanted{name: "good_share", subject: model, by: "*", category: category, split: split})))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t, len(categories) > 0
}
