package reports

import (
	"fmt"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// modelsTable sets alignment against fidelity: what people say of a model's
// images, what the rewards say, and how far the images are from real ones.
func modelsTable(v variant, e evaluation) (Table, bool) {
	model := wordColumn(FieldSubject, "model")
	t := Table{ID: "models", Columns: []Column{model}}
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
	for _, d := range distances[:2] { // CMMD has its place in the table of fidelity
		add(metricColumn(d.value, part{}), metric.MeasureFidelity, func(model string) Cell {
			return t.distanceCell(e, d.value, model)
		})
	}
	t.dropEmpty(func(key ColumnKey) bool { return planned[key] })
	t.Title = modelsTitle(t.Columns)
	if m := e.find(metric.FID, part{}, drawn(record.OtherDraws)); m != nil && m.Value != nil {
		t.note(fmt.Sprintf("Real images get an FID of %.3g where they stand for a model's. What the distances are of, and how sure their differences are: see Fidelity.", *m.Value))
	}
	numbers := slices.ContainsFunc(t.Columns, func(c Column) bool { return !c.Key.words() })
	return t, len(e.models) > 0 && numbers
}

// modelsTitle says what of the models the columns tell.
func modelsTitle(columns []Column) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(columns, func(c Column) bool { return slices.Contains(names, c.Key.Metric) })
	}
	alignment, rewards, fidelity := has(metric.GoodShare), has(metric.AverageRewardMean), has(distances[0].value, distances[1].value)
	switch {
	case alignment && fidelity:
		return "Models: alignment against fidelity"
	case alignment:
		return "Models: alignment"
	case rewards && fidelity:
		return "Models: rewards against fidelity"
	case fidelity:
		return "Models: fidelity"
	}
	return "Models: rewards"
}

// rewardTitle says whether a reward was learned from labels here.
func rewardTitle(v variant, reward string) string {
	if v.learned(reward) {
		return "reward " + reward
	}
	return "score " + reward
}
