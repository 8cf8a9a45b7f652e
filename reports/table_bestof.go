package reports

import (
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// bestOfTable is rejection sampling: the images that a reward chose, against
// random ones and against other models.
func bestOfTable(_ variant, e evaluation) (Table, bool) {
	images, versus := wordColumn(FieldSubject, "images"), wordColumn(FieldVersus, "against")
	good := metricColumn(metric.BestOfGoodShare, part{})
	otherGood := good.titled("other " + good.Title).described()
	otherGood.Key.OfVersus = true
	difference := metricColumn(metric.BestOfGoodShareDifference, part{}).described()
	shares := []Column{
		metricColumn(metric.BestOfWinShare, part{}).described(), metricColumn(metric.BestOfTieShare, part{}).described(),
		metricColumn(metric.BestOfLoseShare, part{}).described(),
	}
	t := Table{ID: "best-of", Title: "Best of n: choosing images by reward", Columns: []Column{images, versus, good, otherGood, difference}}
	t.Columns = append(append(t.Columns, shares...), conclusionOf(difference))
	for _, m := range e.metrics {
		if m.Name != metric.BestOfWinMinusLose || m.Category != "" || m.Split != "" {
			continue
		}
		find := func(name string) *record.Metric {
			return e.find(name, part{}, of(m.Subject), against(m.Versus), by(m.Reward))
		}
		row := Row{Subject: m.Subject}
		row.put(images, text(m.Subject))
		row.put(versus, text(m.Versus))
		row.put(good, t.cellOf(e.find(metric.BestOfGoodShare, part{}, of(m.Subject), by(m.Reward))))
		row.put(otherGood, t.cellOf(e.find(metric.BestOfGoodShare, part{}, of(m.Versus))))
		row.put(difference, t.comparedCell(find(difference.Key.Metric)))
		for _, share := range shares {
			row.put(share, t.cellOf(find(share.Key.Metric)))
		}
		t.Rows = append(t.Rows, row)
		t.note(m.Subject + ": chosen by the reward " + m.Reward + ".")
	}
	if len(t.Rows) == 0 && e.has(metric.MeasureBestOf) {
		row := Row{}
		for _, column := range t.Columns {
			row.put(column, text(missingText))
		}
		row.put(images, text("best of n"))
		t.Rows = []Row{row}
	}
	t.note("points: difference in good images, paired by prompt; the conclusion is drawn from it.")
	return t, len(t.Rows) > 0
}
