package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// distances are the metrics of how far a model's images are from real ones, with
// those of how much farther than the baseline's.
var distances = []struct{ value, difference, p string }{
	{metric.FID, metric.FIDDifference, metric.FIDDifferenceP},
	{metric.KID, metric.KIDDifference, metric.KIDDifferenceP},
	{metric.CMMD, metric.CMMDDifference, metric.CMMDDifferenceP},
}

// otherDraws is what tables call real images that stand for a model's.
const otherDraws = "real, other draws"

// fidelityTable sets the images of the models against real ones, and real ones
// against each other.
func fidelityTable(_ variant, e evaluation) (Table, bool) {
	images, what := wordColumn(FieldSubject, "images"), wordColumn(FieldQuantity, "distance")
	value := Column{Key: ColumnKey{Field: FieldValue}, Title: "value", Better: record.Lower}
	number := Column{Key: ColumnKey{Field: FieldNumber}, Title: "difference"}
	t := Table{ID: "fidelity", Title: "Fidelity: distance from real images", Claim: "By distance from real images (FID)", Columns: []Column{images, what, value, number, pOf(number), conclusionOf(number)}}
	var tested family
	for _, d := range distances {
		title := metricColumn(d.value, part{}).Title
		for _, model := range e.models {
			row := Row{Subject: model, Baseline: model == e.baseline, Headline: d.value == metric.FID && model != e.baseline && e.baseline != ""}
			row.put(images, text(model))
			row.put(what, text(title))
			row.put(value, t.distanceCell(e, d.value, model))
			find := func(name string) *record.Metric {
				return e.find(name, part{}, of(model), drawn(record.All), against(e.baseline))
			}
			if row.Baseline || e.baseline == "" {
				row.put(number, text("-")) // nothing is compared with itself
			} else {
				row.put(number, t.testedCell(&tested, find(d.difference), find(d.p)))
			}
			t.Rows = append(t.Rows, row)
		}
		// How far the baseline is from real images is worth knowing; it is no finding
		// about a model, and is not tested beside the models.
		floor := e.find(d.value, part{}, drawn(record.OtherDraws))
		if floor == nil {
			continue
		}
		row := Row{Subject: otherDraws}
		row.put(images, text(otherDraws))
		row.put(what, text(title))
		row.put(value, t.cellOf(floor))
		row.put(number, text("-"))
		if difference := e.find(d.difference, part{}, drawn(record.OtherDraws)); difference != nil {
			row.put(number, t.cellOf(difference))
		}
		t.Rows = append(t.Rows, row)
	}
	tested.correct()
	for _, note := range e.fidelityNotes() {
		t.note(note)
	}
	return t, e.has(metric.MeasureFidelity) && len(e.models) > 0
}

// distanceCell is a model's distance, as far as it may stand beside the first's.
func (t *Table) distanceCell(e evaluation, name, model string) Cell {
	m := e.find(name, part{}, of(model), drawn(record.All))
	if first := e.find(name, part{}, drawn(record.All)); m == nil || alike(m, first) {
		return t.cellOf(m)
	}
	t.note(fmt.Sprintf("unlike: the %s of %s was measured otherwise (%s images against %s of %s by %s) and cannot stand beside the others.",
		metricColumn(name, part{}).Title, model, m.Protocol["images"], m.Protocol["reference images"], m.Versus, m.Encoder))
	return text("unlike")
}

// fidelityNotes says what the distances of an evaluation are of.
func (e evaluation) fidelityNotes() []string {
	m := e.find(metric.FID, part{}, drawn(record.All))
	if m == nil {
		return nil
	}
	notes := []string{fmt.Sprintf("%s images of a model against %s of %s, in the features of %s; %s.",
		m.Protocol["images"], m.Protocol["reference images"], m.Versus, features(m), m.Protocol["prompts"])}
	if m.Protocol["prompts"] == "" { // too few images for any
		notes = nil
	}
	if readers := m.Protocol["also read by"]; readers != "" {
		notes = append(notes, fmt.Sprintf("The features of %s are also what the rewards read (%s): no independent witness.", m.Encoder, readers))
	}
	notes = append(notes, "FID and KID as published, and the paper's, are of Inception's features, CMMD of CLIP ViT-L/14-336's; FID and CMMD grow with fewer images. Compare within this table alone.")
	if e.measured(metric.FIDDifference) {
		notes = append(notes, fmt.Sprintf("difference: from %s, at endlessly many images of such prompts, free of what their number adds.", e.baseline))
	}
	if floor := e.find(metric.FID, part{}, drawn(record.OtherDraws)); floor != nil {
		note := fmt.Sprintf("%s: as many images of %s as of a model, against the same reference: what a perfect model gets.", otherDraws, floor.Versus)
		if held := floor.Protocol["held out"]; held != "" {
			note = fmt.Sprintf("%s: %s: what a perfect model gets against so many.", otherDraws, held)
		}
		notes = append(notes, note)
	}
	return notes
}

// features names what a distance was measured on.
func features(m *record.Metric) string {
	if component := m.Protocol["component"]; component != "" && component != m.Encoder {
		return fmt.Sprintf("%s (%s)", m.Encoder, component)
	}
	return m.Encoder
}

// alike reports whether two distances may be compared: FID depends on the number
// of images as much as on what they show.
func alike(a, b *record.Metric) bool {
	return a.Encoder == b.Encoder && a.Versus == b.Versus && a.Protocol["component"] == b.Protocol["component"] &&
		a.Protocol["images"] == b.Protocol["images"] && a.Protocol["reference images"] == b.Protocol["reference images"]
}
