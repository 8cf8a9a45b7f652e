package stage

import (
	"context"
	"fmt"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// measure computes metrics. The metrics go into the record; the per-prompt
// values that they came from go into a table beside it.
func measure(ctx context.Context, job Job, work *plan.MeasureWork) (*Result, error) {
	m := &measurement{job: job, work: work}
	var err error
	switch work.What {
	case plan.MeasureAlignment:
		err = m.alignment()
	case plan.MeasureReward:
		err = m.reward()
	case plan.MeasureFidelity:
		err = m.fidelity(ctx)
	case plan.MeasureRewardAccuracy:
		err = m.rewardAccuracy()
	case plan.MeasureBestOf:
		err = m.bestOf()
	default:
		err = fmt.Errorf("a measure %q is not known", work.What)
	}
	if err != nil {
		return nil, err
	}
	if err := table.WriteAll(job.tablePath(plan.Values), m.values); err != nil {
		return nil, err
	}
	result := &Result{Metrics: m.metrics, Items: m.rows, Unit: "rows"}
	return result, job.table(result, plan.Values, len(m.values))
}

// measurement gathers what the metrics of one stage give.
type measurement struct {
	job     Job
	work    *plan.MeasureWork
	metrics []record.Metric
	values  []dataset.PromptValue
	rows    int // read, for the record
}

func (m *measurement) add(metrics []record.Metric, values []dataset.PromptValue, err error) error {
	m.metrics = append(m.metrics, metrics...)
	m.values = append(m.values, values...)
	return err
}

// read reads the whole table of a role. Tables of labels, scores and features
// are small beside the images they speak of.
func read[T any](m *measurement, role string) ([]T, error) {
	path, err := m.job.input(role)
	if err != nil {
		return nil, err
	}
	rows, err := table.ReadAll[T](path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", role, err)
	}
	m.rows += len(rows)
	return rows, nil
}

func (m *measurement) alignment() error {
	in := metric.AlignmentInput{Model: m.work.Subject, Baseline: m.work.Baseline, Rater: m.work.By, Seed: m.job.Node.Seed}
	var err error
	if in.ModelLabels, err = read[table.Label](m, plan.Labels); err != nil {
		return err
	}
	if m.work.Baseline != "" {
		if in.BaselineLabels, err = read[table.Label](m, "baseline labels"); err != nil {
			return err
		}
	}
	if err := m.add(metric.Alignment(in)); err != nil {
		return err
	}
	return m.add(metric.Agreement(metric.AgreementInput{Subject: in.Model, Rater: in.Rater, Labels: in.ModelLabels, Seed: in.Seed}))
}

func (m *measurement) reward() error {
	for _, reward := range m.work.Rewards {
		in := metric.AverageRewardInput{Model: m.work.Subject, Reward: reward, Baseline: m.work.Baseline, Seed: m.job.Node.Seed}
		var err error
		if in.Scores, err = read[table.Score](m, "scores "+reward); err != nil {
			return err
		}
		if m.work.Baseline != "" {
			if in.BaselineScores, err = read[table.Score](m, "baseline scores "+reward); err != nil {
				return err
			}
		}
		if err := m.add(metric.AverageReward(in)); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) fidelity(ctx context.Context) error {
	features, err := read[table.Feature](m, plan.Features)
	if err != nil {
		return err
	}
	reference, err := read[table.Feature](m, "reference features")
	if err != nil {
		return err
	}
	path, err := m.job.input(plan.Images)
	if err != nil {
		return err
	}
	images, err := table.Captions(ctx, path)
	if err != nil {
		return err
	}
	prompt := map[string]string{}
	for _, image := range images {
		prompt[image.ID] = image.Prompt
	}
	in := metric.FidelityInput{
		Model: m.work.Subject, Encoder: m.work.By, Component: m.work.Encoder, Reference: m.work.Reference, Seed: m.job.Node.Seed,
		ReferenceFeatures: vectors(reference), Features: vectors(features),
	}
	for _, feature := range features {
		in.ImageIDs = append(in.ImageIDs, feature.ImageID)
		in.Prompts = append(in.Prompts, prompt[feature.ImageID])
	}
	return m.add(metric.Fidelity(in))
}

func vectors(features []table.Feature) [][]float32 {
	rows := make([][]float32, len(features))
	for i, feature := range features {
		rows[i] = feature.Vector
	}
	return rows
}

func (m *measurement) rewardAccuracy() error {
	labels, err := read[table.Label](m, plan.Labels)
	if err != nil {
		return err
	}
	for _, reward := range m.work.Rewards {
		scores, err := read[table.Score](m, "scores "+reward)
		if err != nil {
			return err
		}
		err = m.add(metric.RewardAccuracy(metric.RewardAccuracyInput{
			Reward: reward, Rater: m.work.By, Scores: scores, Labels: labels, Seed: m.job.Node.Seed,
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) bestOf() error {
	in := metric.BestOfInput{
		Model: m.work.Subject, Reward: m.work.Rewards[0], N: m.work.N, Keep: m.work.Keep,
		Rater: m.work.By, Seed: m.job.Node.Seed, Against: map[string][]table.Label{},
	}
	var err error
	if in.Best, err = read[table.Label](m, "best labels"); err != nil {
		return err
	}
	if in.Random, err = read[table.Label](m, "random labels"); err != nil {
		return err
	}
	for _, model := range m.work.Against {
		labels, err := read[table.Label](m, "labels "+model)
		if err != nil {
			return err
		}
		in.Against[model] = firstImages(labels, m.work.Keep)
	}
	return m.add(metric.BestOf(in))
}

// firstImages keeps the labels of the first images of each prompt. Tables of
// labels are in the order of their images.
func firstImages(labels []table.Label, keep int) []table.Label {
	type place struct{ category, prompt string }
	count := map[place]int{}
	kept := map[string]bool{}
	seen := map[string]bool{}
	var first []table.Label
	for _, label := range labels {
		at := place{label.Category, label.Prompt}
		if !seen[label.ImageID] {
			seen[label.ImageID] = true
			if count[at] < keep {
				count[at]++
				kept[label.ImageID] = true
			}
		}
		if kept[label.ImageID] {
			first = append(first, label)
		}
	}
	return first
}
