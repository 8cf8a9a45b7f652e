package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// bestOfTable is rejection sampling: the images that a reward chose, against random
// ones, against other models, and against what another reward chose of the same images.
func bestOfTable(_ variant, e evaluation) (Table, bool) {
	images, versus := wordColumn(FieldSubject, "images"), wordColumn(FieldVersus, "against")
	good := metricColumn(metric.BestOfGoodShare, part{})
	otherGood := good.titled("other " + good.Title).described()
	otherGood.Key.OfVersus = true
	difference := metricColumn(metric.BestOfGoodShareDifference, part{}).described()
	shares := []Column{
		metricColumn(metric.BestOfWinShare, part{}).described().detailed(), metricColumn(metric.BestOfTieShare, part{}).described().detailed(),
		metricColumn(metric.BestOfLoseShare, part{}).described().detailed(),
	}
	t := Table{ID: "best-of", Title: "Best of n: choosing images by reward"}
	t.Columns = append([]Column{images, versus, good, otherGood, difference, pOf(difference), conclusionOf(difference)}, shares...)
	var tested family
	for _, m := range e.metrics {
		if m.Name != metric.BestOfGoodShareDifference || m.Category != "" || m.Split != "" {
			continue
		}
		find := func(name string) *record.Metric {
			return e.find(name, part{}, of(m.Subject), against(m.Versus), beside(&m))
		}
		row := Row{Subject: m.Subject}
		row.put(images, text(m.Subject))
		row.put(versus, text(m.Versus))
		row.put(good, t.cellOf(e.find(metric.BestOfGoodShare, part{}, of(m.Subject), beside(&m))))
		row.put(otherGood, t.cellOf(e.find(metric.BestOfGoodShare, part{}, of(m.Versus), beside(&m))))
		row.put(difference, t.testedCell(&tested, find(metric.BestOfGoodShareDifference), find(metric.BestOfGoodShareDifferenceP)))
		for _, share := range shares {
			row.put(share, t.cellOf(find(share.Key.Metric)))
		}
		t.Rows = append(t.Rows, row)
	}
	tested.correct()
	if len(t.Rows) == 0 && e.has(metric.MeasureBestOf) {
		row := Row{}
		for _, column := range t.Columns {
			row.put(column, text(missingText))
		}
		row.put(images, text("best of n"))
		t.Rows = []Row{row}
	}
	t.note("points: difference in good images, paired by prompt; the conclusion is drawn from it. win, tie and lose are votes over the prompts, as against the baseline.")
	return t, len(t.Rows) > 0
}
