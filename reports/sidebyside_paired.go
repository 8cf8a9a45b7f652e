package reports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/protocol"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// paired works out the differences of a number from another run's, of the tables that
// the two were made of; why says in words why there is none.
func (c *comparer) paired(ctx context.Context, own side, at int, other side, theirs int) (all []ComparedDifference, why string, err error) {
	m, their := &own.metrics[at], &other.metrics[theirs]
	mine, others := own.trace.Tables(own.sources[at], m), other.trace.Tables(other.sources[theirs], their)
	if sameTables(mine, others) {
		return nil, "both are of the same tables", nil
	}
	names := [2]string{m.Subject + " of " + own.run, their.Subject + " of " + other.run}
	seed := uint64(1) // of flips; all comparisons have the same
	tables := [2]reader{{own.input, mine}, {other.input, others}}
	var found []record.Metric
	var wanted [][2]string // the names of differences and of their p values
	row, _ := metric.Define(m.Name)
	switch row.Measure {
	case metric.MeasureAlignment, metric.MeasureBestOf:
		wanted = [][2]string{{metric.GoodShareDifference, metric.GoodShareDifferenceP}, {metric.WinMinusLose, metric.WinMinusLoseP}}
		labels, err := bothRows[table.Label](tables, "labels")
		if err != nil {
			return nil, "", err
		}
		found, _, err = metric.Alignment(metric.AlignmentInput{
			Model: names[0], Baseline: names[1], ModelLabels: labels[0], BaselineLabels: labels[1], Rater: m.Rater, Seed: seed,
		})
		if err != nil {
			return nil, "", err
		}
	case metric.MeasureReward:
		wanted = [][2]string{{metric.AverageRewardDifference, metric.AverageRewardDifferenceP}}
		scores, err := bothRows[table.Score](tables, "scores")
		if err != nil {
			return nil, "", err
		}
		found, _, err = metric.AverageReward(metric.AverageRewardInput{
			Model: names[0], Baseline: names[1], Reward: m.Reward, Scores: scores[0], BaselineScores: scores[1], Seed: seed,
		})
		if err != nil {
			return nil, "", err
		}
	case metric.MeasureFidelity:
		wanted = [][2]string{{m.Name + "_difference", m.Name + "_difference_p"}}
		if found, err = distancesOf(ctx, names, m, tables, seed); err != nil {
			return nil, "", err
		}
	case metric.MeasureDiversity:
		wanted = [][2]string{{m.Name + "_difference", m.Name + "_difference_p"}}
		if found, err = diversitiesOf(ctx, names, m, tables, seed); err != nil {
			return nil, "", err
		}
	case metric.MeasureRewardAccuracy:
		wanted = [][2]string{{m.Name + "_difference", m.Name + "_difference_p"}}
		if tables[0].digest("labels") != tables[1].digest("labels") {
			return nil, "the rewards were judged on other images or by other labels", nil
		}
		labels, err := bothRows[table.Label](tables, "labels")
		if err != nil {
			return nil, "", err
		}
		scores, err := bothRows[table.Score](tables, "scores")
		if err != nil {
			return nil, "", err
		}
		found, err = metric.RewardComparison(metric.RewardComparisonInput{
			Rewards: []metric.ScoredBy{{Reward: names[1], Scores: scores[1]}, {Reward: names[0], Scores: scores[0]}},
			Rater:   m.Rater, Model: m.Protocol[metric.ImagesOf], Labels: labels[0], Seed: seed,
		})
		if err != nil {
			return nil, "", err
		}
	default:
		return nil, "there is no test of its difference between runs", nil
	}
	for _, pair := range wanted {
		difference, p := named(found, pair[0], m.Split), named(found, pair[1], m.Split)
		if difference == nil {
			continue
		}
		one := ComparedDifference{
			Metric: difference.Name, Difference: difference.Value, Low: difference.Low, High: difference.High, Unit: difference.Unit, N: difference.N,
			Interval: difference.Protocol["interval"], Note: difference.Note, comparison: comparisonOf(difference),
		}
		if p != nil && p.Value != nil {
			value := *p.Value
			one.P, one.Test = &value, p.Protocol["test"]
			one.comparison.Test = one.Test
		} else if p != nil && one.Note == "" {
			one.Note = p.Note
		}
		all = append(all, one)
	}
	if all == nil {
		why = "there is no test of its difference between runs"
	}
	return all, why, nil
}

// distancesOf are the fidelity of a model with another run's as its baseline.
func distancesOf(ctx context.Context, names [2]string, m *record.Metric, tables [2]reader, seed uint64) ([]record.Metric, error) {
	in := metric.FidelityInput{Model: names[0], Baseline: names[1], Reference: m.Versus, Encoder: m.Encoder, Seed: seed}
	var err error
	if in.Features, err = tables[0].features(ctx, ""); err != nil {
		return nil, err
	}
	if in.BaselineFeatures, err = tables[1].features(ctx, ""); err != nil {
		return nil, err
	}
	if in.ReferenceFeatures, err = tables[0].features(ctx, "reference "); err != nil {
		return nil, err
	}
	found, _, err := metric.Fidelity(in)
	return found, err
}

// diversitiesOf are the diversity of a model with another run's as its baseline.
func diversitiesOf(ctx context.Context, names [2]string, m *record.Metric, tables [2]reader, seed uint64) ([]record.Metric, error) {
	in := metric.DiversityInput{Model: names[0], Baseline: names[1], Encoder: m.Encoder, Seed: seed}
	var err error
	if in.Features, err = tables[0].features(ctx, ""); err != nil {
		return nil, err
	}
	if in.BaselineFeatures, err = tables[1].features(ctx, ""); err != nil {
		return nil, err
	}
	found, _, err := metric.Diversity(in)
	return found, err
}

// reader opens the tables of a number.
type reader struct {
	input  Input
	tables []protocol.Table
}

// find returns the table of a role, of which the first word is enough: "scores" of a
// reward, "best labels" of another.
func (r reader) find(role string) (protocol.Table, bool) {
	for _, is := range []func(string) bool{
		func(known string) bool { return known == role },
		func(known string) bool { return strings.HasPrefix(known, role+" ") },
		func(known string) bool { return strings.Contains(known, role) },
	} {
		if at := slices.IndexFunc(r.tables, func(t protocol.Table) bool { return is(t.Role) }); at >= 0 {
			return r.tables[at], true
		}
	}
	return protocol.Table{}, false
}

func (r reader) digest(role string) string {
	found, _ := r.find(role)
	return found.Output.Digest
}

// features reads features with the prompts of their images, of the roles that begin so.
func (r reader) features(ctx context.Context, begin string) (of metric.ImageFeatures, err error) {
	path, err := r.path(begin + "features")
	if err != nil {
		return of, err
	}
	if of.Rows, err = table.ReadAll[table.Feature](path); err != nil {
		return of, err
	}
	if path, err = r.path(begin + "images"); err != nil {
		return of, err
	}
	of.Images, err = table.Captions(ctx, path)
	return of, err
}

func (r reader) path(role string) (string, error) {
	found, ok := r.find(role)
	if !ok || r.input.Open == nil {
		return "", fmt.Errorf("the table of %s: %w", role, errNoTables)
	}
	return r.input.Open(found.Output)
}

// bothRows reads the table of a role of both sides.
func bothRows[T any](tables [2]reader, role string) (rows [2][]T, err error) {
	for i, from := range tables {
		path, err := from.path(role)
		if err != nil {
			return rows, err
		}
		if rows[i], err = table.ReadAll[T](path); err != nil {
			return rows, fmt.Errorf("read %s: %w", role, err)
		}
	}
	return rows, nil
}

func sameTables(a, b []protocol.Table) bool {
	return len(a) > 0 && slices.EqualFunc(a, b, func(x, y protocol.Table) bool { return x.Role == y.Role && x.Output.Digest == y.Output.Digest })
}

// named is the metric of a name over all prompts of a split, or nil.
func named(all []record.Metric, name, split string) *record.Metric {
	for i := range all {
		if m := &all[i]; m.Name == name && m.Category == "" && m.Split == split && m.Part == "" {
			return m
		}
	}
	return nil
}
