package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports"
)

// betweenSeeds is the correlation of images under one seed: what training and drawing
// under another seed change beyond the images themselves.
const betweenSeeds = 0.01

// promptsOfASeed is in one stratum: what differs between strata is no matter here.
const promptsOfASeed = 30

// seedLabels is the labels of a model under one seed.
func seedLabels(random *rand.Rand, truth float64) []table.Label {
	own := ease(random, truth, betweenSeeds)
	d := design{{"prompts", "", 1, 0, promptsOfASeed}}
	return labelled(random, d.draw(), func(prompt) float64 { return ease(random, own, 0.3) })
}

// ablation is a run of variants, one of a value of x and a seed, that measure the share
// of good images of a model.
func ablation(random *rand.Rand, seeds int, truths ...float64) (*reports.Report, error) {
	run := &record.Run{Name: "seeds", Baseline: "x=0"}
	records := map[string]*record.Record{}
	for x, truth := range truths {
		for seed := range seeds {
			measured, _, err := metric.Alignment(metric.AlignmentInput{Model: "model", ModelLabels: seedLabels(random, truth)})
			if err != nil {
				return nil, err
			}
			stage := record.Stage{Kind: record.KindMeasure, Evaluation: "main", Measure: string(metric.MeasureAlignment), Subject: "model"}
			key := fmt.Sprint(x, " ", seed)
			records[key] = &record.Record{Key: key, Node: key, Stage: stage, Metrics: measured}
			run.Variants = append(run.Variants, record.Variant{
				ID: key, Name: key, Seed: uint64(seed), Values: map[string]any{"x": x},
				Stages: []record.StageRef{{Node: key, Key: key, Status: record.Done, Stage: stage}},
			})
		}
	}
	return reports.Build(reports.Input{Run: run, Records: records}), nil
}

// shownIn is the numbers of a table of a report, as metrics of a name.
func shownIn(report *reports.Report, id, name string) []record.Metric {
	var found []record.Metric
	for _, t := range report.Tables {
		for _, r := range t.Rows {
			for _, column := range t.Columns {
				cell := r.Cell(column)
				if t.ID == id && column.Key.Field == reports.FieldNumber && cell.Value != nil {
					found = append(found, record.Metric{Name: name, Value: cell.Value, Low: cell.Low, High: cell.High})
				}
			}
		}
	}
	return found
}

// The names of what tables show of several seeds; no metrics of their own.
const (
	meanOfSeeds       = "mean of seeds (good_share)"
	differenceOfSeeds = "difference of seeds (good_share)"
)

// seeds is the mean of a share over seeds.
var seeds = scenario{
	name: "seeds", sizes: []int{2, 3, 5, 10}, truths: []float64{0.02, 0.1, 0.3, 0.5, 0.9, 0.98}, likeness: []float64{0.3},
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		return map[string]float64{meanOfSeeds: c.truth}, func(random *rand.Rand) ([]record.Metric, error) {
			report, err := ablation(random, c.size, c.truth)
			if err != nil {
				return nil, err
			}
			return shownIn(report, "variants", meanOfSeeds), nil
		}
	},
}

// seedDifferences is the difference of a share, paired by seed, in points.
var seedDifferences = scenario{
	name: "differences of seeds", sizes: []int{2, 3, 5, 10}, truths: []float64{0.05, 0.3, 0.5, 0.9, 0.98}, likeness: []float64{0.3},
	prepare: func(c cell) (map[string]float64, func(*rand.Rand) ([]record.Metric, error)) {
		other := moved(c.truth, -0.7)
		return map[string]float64{differenceOfSeeds: 100 * (c.truth - other)}, func(random *rand.Rand) ([]record.Metric, error) {
			report, err := ablation(random, c.size, other, c.truth)
			if err != nil {
				return nil, err
			}
			return shownIn(report, "variant-differences", differenceOfSeeds), nil
		}
	},
}
