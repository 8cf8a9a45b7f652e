package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// strengthTable places the models of an evaluation on one scale, by all choices between
// any two of them.
func strengthTable(_ variant, e evaluation) (Table, bool) {
	model, aspect, prompts := wordColumn(FieldSubject, "model"), wordColumn(FieldAspect, "asked for"), wordColumn(FieldPart, "prompts")
	strength := metricColumn(metric.Strength, part{})
	difference := metricColumn(metric.StrengthDifference, part{}).titled("beside " + e.baseline).described()
	t := Table{ID: "strength", Title: "Strengths of the models by preference (Bradley and Terry)", Columns: []Column{model}}
	aspects := e.distinct(metric.Strength, func(m record.Metric) string { return m.Aspect })
	switch len(aspects) {
	case 0:
		aspects = []string{""}
	case 1:
		t.Title += ", " + aspects[0]
	default:
		t.Columns = append(t.Columns, aspect)
	}
	t.Columns = append(t.Columns, prompts, strength)
	if e.baseline != "" {
		t.Columns = append(t.Columns, difference, pOf(difference), conclusionOf(difference))
	}
	var tested family
	for _, what := range aspects {
		for _, over := range e.parts(metric.Strength) {
			for _, name := range e.strongest(over, what) {
				find := func(metric string) *record.Metric { return e.find(metric, over, of(name), asked(what)) }
				row := Row{Subject: name, Baseline: name == e.baseline, Detail: over.category != ""}
				row.put(model, text(name))
				row.put(aspect, text(what))
				row.put(prompts, text(over.name()))
				row.put(strength, t.cellOf(find(metric.Strength)))
				switch {
				case row.Baseline:
					row.put(difference, text("-")) // nothing is compared with itself
				case row.Detail:
					row.put(difference, t.cellOf(find(metric.StrengthDifference)))
				default:
					row.put(difference, t.testedCell(&tested, find(metric.StrengthDifference), find(metric.StrengthDifferenceP)))
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	tested.correct()
	t.note("strength: log odds, 0 for the mean of the models. A model that is stronger by 0.5 wins 62 % of the pairs that are no ties, by 1 73 %, by 2 88 %.")
	return t, e.has(metric.MeasureStrength)
}

// strongest lists the models, the strongest first as far as that is known.
func (e evaluation) strongest(over part, aspect string) []string {
	models := slices.Clone(e.models)
	value := func(model string) float64 {
		if m := e.find(metric.Strength, over, of(model), asked(aspect)); m != nil && m.Value != nil {
			return *m.Value
		}
		return 0
	}
	slices.SortStableFunc(models, func(a, b string) int {
		switch x, y := value(a), value(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return models
}
