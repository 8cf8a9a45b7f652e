package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/stats"
)

// winTable is win, tie and lose against the baseline by the raters' votes.
func winTable(_ variant, e evaluation) (Table, bool) {
	model, prompts := wordColumn(FieldSubject, "model"), wordColumn(FieldPart, "prompts")
	shares := []Column{metricColumn(metric.WinShare, part{}), metricColumn(metric.TieShare, part{}), metricColumn(metric.LoseShare, part{})}
	net := metricColumn(metric.WinMinusLose, part{}).described()
	t := Table{ID: "wins", Title: "Against " + e.baseline + ": who wins by two thirds of the votes", Claim: "By the raters' votes", Columns: []Column{model, prompts}}
	t.Columns = append(append(t.Columns, shares...), net, pOf(net), conclusionOf(net))
	var tested family // with several models and parts one may look better by chance
	for _, over := range e.parts(metric.WinMinusLose) {
		for _, name := range e.models {
			if name == e.baseline {
				continue
			}
			find := func(metric string) *record.Metric { return e.find(metric, over, of(name), against(e.baseline)) }
			row := Row{Subject: name, Detail: over.category != "", Headline: over == part{}, Unseen: over == part{split: "unseen"}}
			row.put(model, text(name))
			row.put(prompts, text(over.name()))
			for _, share := range shares {
				row.put(share, t.cellOf(find(share.Key.Metric)))
			}
			if row.Detail {
				row.put(net, t.cellOf(find(metric.WinMinusLose)))
			} else {
				row.put(net, t.testedCell(&tested, find(metric.WinMinusLose), find(metric.WinMinusLoseP)))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	tested.correct()
	// A model's rows together read better than a part's.
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		return slices.Index(e.models, a.Subject) - slices.Index(e.models, b.Subject)
	})
	t.note("win, tie and lose are shares of the prompts; win-lose in percentage points. Nobody compared two sets of images: a rater's vote is the side with more images that this rater calls good, each judged alone.")
	if found := e.detectable(len(tested.tests)); found != "" {
		t.note(found)
	}
	return t, e.baseline != "" && len(t.Rows) > 0 && e.has(metric.MeasureAlignment)
}

// detectable says which true difference a comparison over all prompts finds, of the
// one that spreads most: the others find smaller ones.
func (e evaluation) detectable(comparisons int) string {
	var widest *record.Metric
	models := 0
	for i := range e.metrics {
		m := &e.metrics[i]
		if m.Name != metric.WinMinusLoseDetectable || m.Category != "" || m.Split != "" || m.Value == nil || m.Clusters < 2 {
			continue
		}
		models++
		if widest == nil || *m.Value > *widest.Value {
			widest = m
		}
	}
	if widest == nil {
		return ""
	}
	which := widest.Subject + " against " + widest.Versus
	if models > 1 {
		which += ", which spreads most,"
	}
	found := fmt.Sprintf("With these %d prompts %s shows a true win-lose of about %.0f points in four of five trials if compared alone",
		widest.Clusters, which, *widest.Value)
	if comparisons > 1 {
		alone := stats.DetectableErrors(float64(widest.Clusters-1), significant, metric.DetectablePower)
		together := stats.DetectableErrors(float64(widest.Clusters-1), significant/float64(comparisons), metric.DetectablePower)
		found += fmt.Sprintf(", of about %.0f corrected for all %d comparisons", *widest.Value*together/alone, comparisons)
	}
	return found + "."
}
