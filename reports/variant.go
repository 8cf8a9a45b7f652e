package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// variant is a run's variant with the records of its stages.
type variant struct {
	record.Variant
	label       string // its values without the seed: what variants of one row share
	stages      []stage
	evaluations []evaluation
}

// stage is a stage of a variant; record is nil if it did not get so far.
type stage struct {
	record.StageRef
	record *record.Record
}

// evaluation is the metrics of one evaluate block.
type evaluation struct {
	name    string
	models  []string // in the order of the experiment, measured or not
	planned []string // what was to be measured: "alignment", "reward", "fidelity", ...
	metrics []record.Metric
}

func variantsOf(input Input) []variant {
	var all []variant
	for _, v := range input.Run.Variants {
		found := variant{Variant: v, label: labelOf(v)}
		for _, ref := range v.Stages {
			found.stages = append(found.stages, stage{ref, input.Records[ref.Key]})
		}
		found.evaluations = evaluationsOf(found.stages)
		all = append(all, found)
	}
	return all
}

// evaluationsOf gathers the measure stages, named
// measure/EVALUATION/WHAT[/SUBJECT], by evaluation.
func evaluationsOf(stages []stage) []evaluation {
	var all []evaluation
	for _, s := range stages {
		parts := strings.SplitN(s.Node, "/", 4)
		if parts[0] != "measure" || len(parts) < 3 {
			continue
		}
		at := slices.IndexFunc(all, func(e evaluation) bool { return e.name == parts[1] })
		if at < 0 {
			at = len(all)
			all = append(all, evaluation{name: parts[1]})
		}
		e := &all[at]
		if !slices.Contains(e.planned, parts[2]) {
			e.planned = append(e.planned, parts[2])
		}
		perModel := parts[2] == "alignment" || parts[2] == "reward" || parts[2] == "fidelity"
		if perModel && len(parts) == 4 && !slices.Contains(e.models, parts[3]) {
			e.models = append(e.models, parts[3])
		}
		if s.record != nil {
			e.metrics = append(e.metrics, s.record.Metrics...)
		}
	}
	return all
}

// variables lists the names of a variant's values without its seed, sorted.
func variables(v record.Variant) []string {
	var names []string
	for name, value := range v.Values {
		if name == "seed" && fmt.Sprint(value) == fmt.Sprint(v.Seed) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// labelOf writes a variant's values without its seed: "beta=0.5 steps=200".
func labelOf(v record.Variant) string {
	var words []string
	for _, name := range variables(v) {
		words = append(words, fmt.Sprintf("%s=%v", name, v.Values[name]))
	}
	if words == nil {
		return strings.TrimSpace(strings.TrimSuffix(v.Name, fmt.Sprintf("seed=%d", v.Seed)))
	}
	return strings.Join(words, " ")
}

// wanted names a metric; empty fields must be empty, and "*" is anything.
type wanted struct {
	name, subject, versus, by, category, split string
}

func (w wanted) matches(m record.Metric) bool {
	is := func(want, have string) bool { return want == "*" || want == have }
	return is(w.name, m.Name) && is(w.subject, m.Subject) && is(w.versus, m.Versus) &&
		is(w.by, m.By) && is(w.category, m.Category) && is(w.split, m.Split)
}

// find returns the first metric that matches, or nil.
func (e evaluation) find(w wanted) *record.Metric {
	for i := range e.metrics {
		if w.matches(e.metrics[i]) {
			return &e.metrics[i]
		}
	}
	return nil
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

func (e evaluation) has(what string) bool { return slices.Contains(e.planned, what) }

// baseline is the model that the others are compared with, or "".
func (e evaluation) baseline() string {
	for _, m := range e.metrics {
		if m.Name == "win_minus_lose" || m.Name == "average_reward_difference" {
			return m.Versus
		}
	}
	for _, m := range e.metrics {
		if m.Name == "good_share" && m.Protocol["baseline"] != "" {
			return m.Protocol["baseline"]
		}
	}
	return ""
}

// rewards lists the rewards that scored models, and those that were judged.
func (e evaluation) rewards() []string {
	all := e.distinct("average_reward", func(m record.Metric) string { return m.By })
	for _, name := range e.distinct("reward_accuracy", func(m record.Metric) string { return m.Subject }) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// learned reports whether a reward was fitted to labels in this variant.
func (v variant) learned(reward string) bool {
	return slices.ContainsFunc(v.stages, func(s stage) bool { return s.Node == "fit/"+reward })
}
