package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// imageQuantity is a number of a model's images by their features, with that of its
// difference from the baseline's and the p value.
type imageQuantity struct{ value, difference, p string }

// ofImages reports whether a metric is one of them, that real images have, too.
func ofImages(name string) bool {
	return metric.MeasureFidelity.Measures(name) || metric.MeasureDiversity.Measures(name)
}

// otherDraws is what tables call real images that stand for a model's.
const otherDraws = "real, other draws"

// imageRows has a row for each quantity and model, and for real images beside them; the
// differences from the baseline are tested, and corrected together. The conclusions of the
// first quantity are the table's headlines, if it claims something.
func (t *Table) imageRows(e evaluation, what string, better record.Direction, quantities []imageQuantity) {
	images, quantity := wordColumn(FieldSubject, "images"), wordColumn(FieldQuantity, what)
	value := Column{Key: ColumnKey{Field: FieldValue}, Title: "value", Better: better}
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	t.Columns = []Column{images, quantity, value, number, pOf(number), conclusionOf(number)}
	var tested family
	for i, q := range quantities {
		title := metricColumn(q.value, part{}).Title
		for _, model := range e.models {
			row := Row{Subject: model, Baseline: model == e.baseline, Headline: t.Claim != "" && i == 0 && model != e.baseline && e.baseline != ""}
			row.put(images, text(model))
			row.put(quantity, text(title))
			row.put(value, t.imageCell(e, q.value, model))
			find := func(name string) *record.Metric {
				return e.find(name, part{}, of(model), drawn(record.All), against(e.baseline))
			}
			if row.Baseline || e.baseline == "" {
				row.put(number, text("-")) // nothing is compared with itself
			} else {
				row.put(number, t.testedCell(&tested, find(q.difference), find(q.p)))
			}
			t.Rows = append(t.Rows, row)
		}
		// How far the baseline is from real images is worth knowing; it is no finding
		// about a model, and is not tested beside the models.
		floor := e.find(q.value, part{}, drawn(record.OtherDraws))
		if floor == nil {
			continue
		}
		row := Row{Subject: otherDraws}
		row.put(images, text(otherDraws))
		row.put(quantity, text(title))
		row.put(value, t.cellOf(floor))
		row.put(number, text("-"))
		if difference := e.find(q.difference, part{}, drawn(record.OtherDraws)); difference != nil {
			row.put(number, t.cellOf(difference))
		}
		t.Rows = append(t.Rows, row)
	}
	tested.correct()
}

// imageCell is a model's number, as far as it may stand beside the first's.
func (t *Table) imageCell(e evaluation, name, model string) Cell {
	m := e.find(name, part{}, of(model), drawn(record.All))
	if first := e.find(name, part{}, drawn(record.All)); m == nil || alike(m, first) {
		return t.cellOf(m)
	}
	how := fmt.Sprintf("%s images against %s of %s", m.Protocol["images"], m.Protocol["reference images"], m.Versus)
	if metric.MeasureDiversity.Measures(name) {
		how = m.Protocol[metric.ImagesAPrompt] + " images a prompt"
	}
	t.note(fmt.Sprintf("unlike: the %s of %s was measured otherwise (%s, by %s) and cannot stand beside the others.", metricColumn(name, part{}).Title, model, how, m.Encoder))
	return text("unlike")
}

// alike reports whether two numbers of images may be compared: FID depends on the number
// of images as much as on what they show, and the Vendi score on that of each prompt.
func alike(a, b *record.Metric) bool {
	return a.Encoder == b.Encoder && a.Versus == b.Versus && a.Protocol["component"] == b.Protocol["component"] &&
		a.Protocol["images"] == b.Protocol["images"] && a.Protocol["reference images"] == b.Protocol["reference images"] &&
		(a.Name != metric.VendiScore || a.Value == nil || b.Value == nil || a.Protocol[metric.ImagesAPrompt] == b.Protocol[metric.ImagesAPrompt])
}
