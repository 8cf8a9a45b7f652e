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

// labelOf writes a variant's values without its seed: "beta=0.5 steps=200". It is
// empty for an experiment alone, and for variants that differ in their seed alone:
// these are one row.
func labelOf(v record.Variant) string {
	var words []string
	for _, name := range variables(v) {
		words = append(words, fmt.Sprintf("%s=%v", name, v.Values[name]))
	}
	return strings.Join(words, " ")
}

// labelled is a name with the label of the variant that it is of, if that has one.
func labelled(name, label string) string {
	if label == "" {
		return name
	}
	return name + " (" + label + ")"
}

// learned reports whether a reward was fitted to labels in this variant.
func (v variant) learned(reward string) bool {
	return slices.ContainsFunc(v.stages, func(s stage) bool { return s.Kind == record.KindFit && s.Reward == reward })
}

// tunedByReward reports whether a model was tuned by a reward's scores in this variant.
func (v variant) tunedByReward(model string) bool {
	return slices.ContainsFunc(v.stages, func(s stage) bool { return s.Kind == record.KindTune && s.Subject == model && s.Reward != "" })
}

// stageOf returns the stage of a name, if the variant has it.
func (v variant) stageOf(name string) (stage, bool) {
	at := slices.IndexFunc(v.stages, func(s stage) bool { return s.Node == name })
	if at < 0 {
		return stage{}, false
	}
	return v.stages[at], true
}
