package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// rewardComparisons are the differences between rewards that the table tests, the
// paper's own measure first, with their p values. The share of images told right is
// not among them: it compares a fitted threshold with a natural one.
var rewardComparisons = []struct{ difference, p string }{
	{metric.PairwiseAccuracyDifference, metric.PairwiseAccuracyDifferenceP},
	{metric.AUCDifference, metric.AUCDifferenceP},
}

// rewardsTable compares the rewards two by two, on the same images.
func rewardsTable(_ variant, e evaluation) (Table, bool) {
	reward, versus := wordColumn(FieldSubject, "reward"), wordColumn(FieldVersus, "against")
	what, prompts := wordColumn(FieldQuantity, "measure"), wordColumn(FieldPart, "prompts")
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "points"}
	t := Table{ID: "rewards", Title: "Rewards compared", Claim: "By agreement with the raters on pairs of images", Columns: []Column{reward, versus, what, prompts, number, pOf(number), conclusionOf(number)}}
	var tested family
	for _, compared := range rewardComparisons {
		title := metricColumn(compared.difference, part{}).Title
		for _, m := range e.metrics {
			if m.Name != compared.difference || m.Category != "" || m.Split != "" {
				continue
			}
			for _, over := range e.parts(compared.difference) {
				find := func(name string) *record.Metric { return e.find(name, over, of(m.Subject), against(m.Versus)) }
				row := Row{Subject: m.Subject, Detail: over.category != "", Headline: over == part{} && compared.difference == metric.PairwiseAccuracyDifference}
				row.put(reward, text(m.Subject))
				row.put(versus, text(m.Versus))
				row.put(what, text(title))
				row.put(prompts, text(over.name()))
				if row.Detail {
					row.put(number, t.cellOf(find(compared.difference)))
				} else {
					row.put(number, t.testedCell(&tested, find(compared.difference), find(compared.p)))
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	tested.correct()
	t.note("points: percentage points of agreement with the raters, of the same images, paired by prompt. The images told right are not compared: thresholds differ in kind.")
	return t, len(t.Rows) > 0
}
