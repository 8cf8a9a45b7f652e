package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// winTable is win, tie and lose against the baseline by the raters' votes.
func winTable(_ variant, e evaluation) (Table, bool) {
	model, prompts := wordColumn(FieldSubject, "model"), wordColumn(FieldPart, "prompts")
	shares := []Column{metricColumn(metric.WinShare, part{}), metricColumn(metric.TieShare, part{}), metricColumn(metric.LoseShare, part{})}
	net := metricColumn(metric.WinMinusLose, part{}).described()
	t := Table{ID: "wins", Title: "Against " + e.baseline + ": who wins by two thirds of the votes", Columns: []Column{model, prompts}}
	t.Columns = append(append(t.Columns, shares...), net, pOf(net), conclusionOf(net))
	for _, over := range e.parts(metric.WinMinusLose) {
		var tested family // with several models one may look better by chance
		for _, name := range e.models {
			if name == e.baseline {
				continue
			}
			find := func(metric string) *record.Metric { return e.find(metric, over, of(name), against(e.baseline)) }
			row := Row{Subject: name, Detail: over.category != ""}
			row.put(model, text(name))
			row.put(prompts, text(over.name()))
			for _, share := range shares {
				row.put(share, t.cellOf(find(share.Key.Metric)))
			}
			cell := t.comparedCell(find(metric.WinMinusLose))
			if p := find(metric.WinMinusLoseP); cell.Comparison != nil && p != nil && p.Value != nil {
				tested.add(cell.Comparison, *p.Value)
			}
			row.put(net, cell)
			t.Rows = append(t.Rows, row)
		}
		tested.correct()
	}
	// A model's rows together read better than a part's.
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		return slices.Index(e.models, a.Subject) - slices.Index(e.models, b.Subject)
	})
	t.note("win-lose in percentage points of the prompts; p by sign flips over prompts, Holm's correction over the models; a conclusion needs an interval without 0 and p of at most 0.05.")
	if m := e.find(metric.WinMinusLoseDetectable, part{}); m != nil && m.Value != nil {
		t.note(fmt.Sprintf("With these %d prompts a true win-lose of about %.0f points is found in four of five trials.", m.Clusters, *m.Value))
	}
	return t, e.baseline != "" && len(t.Rows) > 0 && e.has(metric.MeasureAlignment)
}
