package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// distances are the metrics of how far a model's images are from real ones.
var distances = []string{metric.FID, metric.KID}

// modelsTable sets alignment against fidelity: what people say of a model's
// images, what the rewards say, and how far the images are from real ones.
func modelsTable(v variant, e evaluation) (Table, bool) {
	model := wordColumn(FieldSubject, "model")
	t := Table{ID: "models", Title: "Models: alignment against fidelity", Columns: []Column{model}}
	for _, name := range e.models {
		row := Row{Subject: name, Baseline: name == e.baseline}
		row.put(model, text(name))
		t.Rows = append(t.Rows, row)
	}
	planned := map[ColumnKey]bool{} // columns that are shown even if nothing was measured
	add := func(column Column, measure metric.Measure, cell func(model string) Cell) {
		planned[column.Key] = measure != "" && e.has(measure)
		t.Columns = append(t.Columns, column)
		for i := range t.Rows {
			t.Rows[i].put(column, cell(t.Rows[i].Subject))
		}
	}
	for _, over := range orAll(e.splits(metric.GoodShare)) {
		add(metricColumn(metric.GoodShare, over), metric.MeasureAlignment, func(model string) Cell {
			return t.cellOf(e.find(metric.GoodShare, over, of(model)))
		})
	}
	for _, reward := range e.scorers() {
		column := metricColumn(metric.AverageRewardMean, part{}).titled(rewardTitle(v, reward))
		column.Key.Reward = reward
		add(column, "", func(model string) Cell {
			return t.cellOf(e.find(metric.AverageRewardMean, part{}, of(model), by(reward)))
		})
	}
	for _, distance := range distances {
		first := e.find(distance, part{})
		column := metricColumn(distance, part{})
		add(column, metric.MeasureFidelity, func(model string) Cell {
			m := e.find(distance, part{}, of(model))
			cell := t.cellOf(m)
			if m == nil || alike(m, first) {
				return cell
			}
			t.note(fmt.Sprintf("unlike: the %s of %s was measured otherwise (%s images against %s of %s by %s) and cannot stand beside the others.",
				column.Title, model, m.Protocol["images"], m.Protocol["reference images"], m.Versus, m.Encoder))
			return text("unlike")
		})
	}
	t.dropEmpty(func(key ColumnKey) bool { return planned[key] })
	if m := e.find(metric.FID, part{}); m != nil {
		t.note(fmt.Sprintf("FID and KID: features of %s, %s images of a model against %s of %s; comparable only within this table.",
			features(m), m.Protocol["images"], m.Protocol["reference images"], m.Versus))
	}
	return t, len(e.models) > 0
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

// rewardTitle says whether a reward was learned from labels here.
func rewardTitle(v variant, reward string) string {
	if v.learned(reward) {
		return "reward " + reward
	}
	return "score " + reward
}
