package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports"
)

// verdict is how often a table of a report said "better" or "worse" of something in
// experiments in which nothing differs.
type verdict struct {
	table       string
	prompts     int
	likeness    float64
	experiments int // in which the table stood
	wrong       int
}

func (v verdict) share() float64 { return float64(v.wrong) / float64(v.experiments) }

// nullPrompts are the sizes of experiments in which nothing differs.
var nullPrompts = []int{15, 30, 88}

// fidelityPrompts is the size of those that measure fidelity and diversity, too, which takes longer
// than all else.
const fidelityPrompts = 15

// falseVerdicts makes reports of experiments in which nothing differs.
func falseVerdicts(ctx context.Context, experiments int, seed uint64) ([]verdict, error) {
	var all []verdict
	for _, prompts := range nullPrompts {
		for _, likeness := range []float64{0, 0.6} {
			stream := hashed(fmt.Sprint("null", prompts, likeness))
			found, err := inParallel(ctx, experiments, func(i int) (map[string]bool, error) {
				return concluded(rand.New(rand.NewPCG(seed<<32+uint64(i), stream)), prompts, likeness)
			})
			if err != nil {
				return nil, err
			}
			counted := map[string]*verdict{}
			for _, tables := range found {
				for id, wrong := range tables {
					if counted[id] == nil {
						counted[id] = &verdict{table: id, prompts: prompts, likeness: likeness}
					}
					counted[id].experiments++
					if wrong {
						counted[id].wrong++
					}
				}
			}
			for _, id := range slices.Sorted(maps.Keys(counted)) {
				all = append(all, *counted[id])
			}
		}
	}
	return all, nil
}

// concluded says of each table that compares whether it came to a conclusion.
func concluded(random *rand.Rand, prompts int, likeness float64) (map[string]bool, error) {
	input, err := nullRun(random, prompts, likeness)
	if err != nil {
		return nil, err
	}
	tables := map[string]bool{}
	for _, t := range reports.Build(input).Tables {
		for _, r := range t.Rows {
			for _, column := range t.Columns {
				if column.Key.Field == reports.FieldConclusion {
					word := reports.Conclusion(r.Cell(column).Text)
					tables[t.ID] = tables[t.ID] || word == reports.Better || word == reports.Worse
				}
			}
		}
	}
	return tables, nil
}

// nullRun is a run of three models and a baseline, three rewards, and the best of n by
// two of them: all of the same quality, prompt by prompt.
func nullRun(random *rand.Rand, size int, likeness float64) (reports.Input, error) {
	d := designOf(size)
	prompts, truths := d.draw(), d.truths(0.5, 1)
	eases := map[string]float64{}
	for _, p := range prompts {
		eases[p.text] = ease(random, truths[p.stratum], likeness)
	}
	drawn := func() []table.Label {
		return labelled(random, prompts, func(p prompt) float64 { return eases[p.text] })
	}

	records := map[string]*record.Record{}
	v := record.Variant{ID: "null", Seed: 1}
	var failed error
	add := func(measure metric.Measure, subject string, measured []record.Metric, err error) {
		if err != nil {
			failed = fmt.Errorf("%s of %s: %w", measure, subject, err)
		}
		stage := record.Stage{Kind: record.KindMeasure, Evaluation: "main", Measure: string(measure), Subject: subject, Baseline: "base"}
		key := string(measure) + " " + subject
		records[key] = &record.Record{Key: key, Node: key, Stage: stage, Metrics: measured}
		v.Stages = append(v.Stages, record.StageRef{Node: key, Key: key, Status: record.Done, Stage: stage})
	}

	base := drawn()
	for _, model := range []string{"base", "first", "second", "third"} {
		in := metric.AlignmentInput{Model: model, Baseline: "base", ModelLabels: base}
		if model != "base" {
			in.ModelLabels, in.BaselineLabels = drawn(), base
		}
		measured, err := metrics(metric.Alignment(in))
		add(metric.MeasureAlignment, model, measured, err)
	}

	labels, scores := judged(random, prompts, truths, likeness, lead(0.75), lead(0.75), lead(0.75))
	var compared metric.RewardComparisonInput
	compared.Labels = labels
	var accuracies []record.Metric
	for i, name := range []string{"clip", "one", "other"} {
		measured, err := metrics(metric.RewardAccuracy(metric.RewardAccuracyInput{Reward: name, Scores: scores[i], Labels: labels}))
		if err != nil {
			return reports.Input{}, err
		}
		accuracies = append(accuracies, measured...)
		compared.Rewards = append(compared.Rewards, metric.ScoredBy{Reward: name, Scores: scores[i]})
	}
	measured, err := metric.RewardComparison(compared)
	add(metric.MeasureRewardAccuracy, "", append(accuracies, measured...), err)

	measured, err = metrics(metric.BestOf(metric.BestOfInput{
		Model: "base", N: 4 * images, Keep: images, Random: drawn(), Models: map[string][]table.Label{"first": drawn()},
		Chosen: []metric.Chosen{{Reward: "one", Labels: drawn(), Against: []string{"first"}}, {Reward: "clip", Labels: drawn()}},
	}))
	add(metric.MeasureBestOf, "base", measured, err)
	if size == fidelityPrompts {
		models := []string{"base", "first", "second", "third"}
		farther := featureModel{shift: 0.5, shrink: 0.9, noise: 1.1}
		reference, of := newFeatureWorld(6, cell{size: size, likeness: likeness}).draw(random, farther, farther, farther, farther)
		for i, model := range models {
			in := metric.FidelityInput{Model: model, Reference: "world", Encoder: "gaussian", Features: of[i], ReferenceFeatures: reference}
			if i > 0 {
				in.Baseline, in.BaselineFeatures = "base", of[0]
			}
			measured, err := metrics(metric.Fidelity(in))
			add(metric.MeasureFidelity, model, measured, err)
			diverse := metric.DiversityInput{Model: model, Baseline: in.Baseline, Encoder: "gaussian", Features: of[i], BaselineFeatures: in.BaselineFeatures}
			measured, err = metrics(metric.Diversity(diverse))
			add(metric.MeasureDiversity, model, measured, err)
		}
	}
	run := &record.Run{Name: "null", Variants: []record.Variant{v}}
	return reports.Input{Run: run, Records: records}, failed
}
