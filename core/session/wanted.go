package session

import (
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
)

// wanted is the metrics that an ablation asks for. An experiment asks for none by
// name.
type wanted struct {
	metrics []string
	where   []diag.Range // where the ablation says so, of each
}

// known refuses metrics that nothing measures: the table would be empty.
func (w wanted) known() error {
	var problems diag.List
	for i, name := range w.metrics {
		if _, ok := metric.MeasureOf(name); ok {
			continue
		}
		var measures []string
		for _, m := range metric.Measures() {
			measures = append(measures, "metric."+string(m.Measure))
		}
		last := len(measures) - 1
		problems.Errorf(w.where[i], "Unknown metric", "Nothing measures metric.%s.%s A whole measure is %s or %s; one number of it is, say, metric.%s or metric.%s.",
			name, diag.DidYouMean(name, metric.Names()), strings.Join(measures[:last], ", "), measures[last], metric.GoodShare, metric.FID)
	}
	return problems.Err()
}

// measured refuses metrics that the experiment could measure, and does not.
func (w wanted) measured(p *plan.Plan) error {
	measured := map[metric.Measure]bool{}
	for _, node := range p.Nodes {
		if node.Kind == record.KindMeasure && node.About.Evaluation != "" || node.Kind == record.KindWatch {
			measured[metric.Measure(node.About.Measure)] = true
		}
	}
	var problems diag.List
	for i, name := range w.metrics {
		measure, _ := metric.MeasureOf(name)
		if !measured[measure] {
			problems.Errorf(w.where[i], "Nothing to measure it on", "No evaluate block of the experiment measures metric.%s. It takes %s. Add that, or take the metric out of measure.",
				name, measure.Definition().Needs)
		}
	}
	return problems.Err()
}
