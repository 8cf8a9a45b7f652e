package reports

import (
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// evaluation is the metrics of one evaluate block.
type evaluation struct {
	name     string
	baseline string           // the model that the others are compared with, or ""
	models   []string         // in the order of the experiment, measured or not
	planned  []metric.Measure // what was to be measured
	compared []comparedModels // whose images raters were to choose between
	metrics  []record.Metric
	sources  []*record.Record // of each metric: the stage that measured it
}

// comparedModels are two models whose images stand side by side; choices speak of model.
type comparedModels struct{ model, versus string }

// evaluationsOf gathers the measure stages by evaluation.
func evaluationsOf(stages []stage) []evaluation {
	var all []evaluation
	for _, s := range stages {
		if s.Kind != record.KindMeasure || s.Evaluation == "" { // of a finetune's step: see checkpointsOf
			continue
		}
		at := slices.IndexFunc(all, func(e evaluation) bool { return e.name == s.Evaluation })
		if at < 0 {
			at = len(all)
			all = append(all, evaluation{name: s.Evaluation, baseline: s.Baseline})
		}
		e := &all[at]
		measure := metric.Measure(s.Measure)
		if !slices.Contains(e.planned, measure) {
			e.planned = append(e.planned, measure)
		}
		var models []string
		switch {
		case measure == metric.MeasurePreference:
			models = []string{s.Versus, s.Subject}
			e.compared = append(e.compared, comparedModels{s.Subject, s.Versus})
		case measure.Definition().Model && s.Choice == record.All:
			models = []string{s.Subject}
		}
		for _, model := range models {
			if !slices.Contains(e.models, model) {
				e.models = append(e.models, model)
			}
		}
		if s.record != nil {
			e.metrics = append(e.metrics, s.record.Metrics...)
			for range s.record.Metrics {
				e.sources = append(e.sources, s.record)
			}
		}
	}
	return all
}

// condition is what a metric that is looked for has to meet.
type condition func(m *record.Metric) bool

func of(subject string) condition {
	return func(m *record.Metric) bool { return m.Subject == subject }
}

func against(versus string) condition {
	return func(m *record.Metric) bool { return m.Versus == versus }
}

// drawn is a choice of the subject's images.
func drawn(choice record.Choice) condition {
	return func(m *record.Metric) bool { return m.Choice == choice }
}

// by is a reward that scores or chooses.
func by(reward string) condition {
	return func(m *record.Metric) bool { return m.Reward == reward }
}

// asked is what raters were asked of two images.
func asked(aspect string) condition {
	return func(m *record.Metric) bool { return m.Aspect == aspect }
}

// after is the number after a perturbation.
func after(perturbation string) condition {
	return func(m *record.Metric) bool { return m.Perturbation == perturbation }
}

// beside is a metric of the same draw, where models show as many images as are kept.
func beside(other *record.Metric) condition {
	return func(m *record.Metric) bool { return m.Protocol[metric.Draw] == other.Protocol[metric.Draw] }
}

// find returns the first metric of a name, over a part of the prompts, that meets
// the conditions, or nil.
func (e evaluation) find(name string, over part, conditions ...condition) *record.Metric {
	for i := range e.metrics {
		m := &e.metrics[i]
		if m.Name == name && m.Category == over.category && m.Split == over.split &&
			!slices.ContainsFunc(conditions, func(meets condition) bool { return !meets(m) }) {
			return m
		}
	}
	return nil
}

// measured reports whether a metric of the name was measured at all.
func (e evaluation) measured(name string) bool {
	return slices.ContainsFunc(e.metrics, func(m record.Metric) bool { return m.Name == name })
}

// distinct lists a field of the metrics of a name, in order of appearance.
func (e evaluation) distinct(name string, field func(record.Metric) string) []string {
	var all []string
	for _, m := range e.metrics {
		if value := field(m); m.Name == name && value != "" && !slices.Contains(all, value) {
			all = append(all, value)
		}
	}
	return all
}

func (e evaluation) splits(name string) []string {
	return e.distinct(name, func(m record.Metric) string { return m.Split })
}

// has reports whether something was to be measured.
func (e evaluation) has(measure metric.Measure) bool { return slices.Contains(e.planned, measure) }

// scorers lists the rewards that scored models.
func (e evaluation) scorers() []string {
	return e.distinct(metric.AverageRewardMean, func(m record.Metric) string { return m.Reward })
}

// judgedRewards lists the rewards whose agreement with raters was measured.
func (e evaluation) judgedRewards() []string {
	return e.distinct(metric.RewardAccuracyShare, func(m record.Metric) string { return m.Subject })
}

// rewards lists the rewards that scored models, and those that were judged.
func (e evaluation) rewards() []string {
	all := e.scorers()
	for _, name := range e.judgedRewards() {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
