package reports

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// judgedPrompt is the images of a prompt: whether raters call them good, and a score.
type judgedPrompt struct {
	category, text, split string
	good                  []bool
	scores                []float64
}

// measuredAll is a report of a base and a tuned model, two rewards, and what these
// choose, on given prompts; both models and all choices show the same images but those
// that better says are good of the tuned model.
func measuredAll(t *testing.T, prompts []judgedPrompt, better func(prompt int) bool, second func(score float64) float64) *Report {
	t.Helper()
	var base, tuned []table.Label
	rewards := []metric.ScoredBy{{Reward: "clip"}, {Reward: "learned"}}
	for i, p := range prompts {
		for j, good := range p.good {
			image := fmt.Sprintf("%s/%d", p.text, j)
			label := func(good bool) table.Label {
				return table.Label{ImageID: image, Prompt: p.text, Category: p.category, Split: p.split, Rater: "1", Label: map[bool]string{true: "good", false: "bad"}[good]}
			}
			base, tuned = append(base, label(good)), append(tuned, label(good || better(i)))
			score := table.Score{ImageID: image, Prompt: p.text, Category: p.category, Split: p.split, Score: p.scores[j]}
			rewards[0].Scores = append(rewards[0].Scores, score)
			score.Score = second(score.Score)
			rewards[1].Scores = append(rewards[1].Scores, score)
		}
	}
	s := &synthetic{run: &record.Run{Name: "bad"}, records: map[string]*record.Record{}}
	v := record.Variant{Seed: 1}
	stage := func(measure, model string, metrics []record.Metric, err error) {
		if err != nil {
			t.Fatal(err)
		}
		s.stage(&v, record.Record{Node: measure + "/" + model, Stage: measuring(measure, model), Metrics: metrics})
	}
	alone, _, err := metric.Alignment(metric.AlignmentInput{Model: "base", ModelLabels: base, Rater: "crowd"})
	stage("alignment", "base", alone, err)
	compared, _, err := metric.Alignment(metric.AlignmentInput{Model: "full", Baseline: "base", ModelLabels: tuned, BaselineLabels: base, Rater: "crowd"})
	stage("alignment", "full", compared, err)
	var accuracy []record.Metric
	for _, reward := range rewards {
		one, _, err := metric.RewardAccuracy(metric.RewardAccuracyInput{Reward: reward.Reward, Rater: "crowd", Model: "base", Scores: reward.Scores, Labels: base})
		if err != nil {
			t.Fatal(err)
		}
		accuracy = append(accuracy, one...)
	}
	differences, err := metric.RewardComparison(metric.RewardComparisonInput{Rater: "crowd", Model: "base", Rewards: rewards, Labels: base})
	stage("reward_accuracy", "", append(accuracy, differences...), err)
	best, _, err := metric.BestOf(metric.BestOfInput{
		Model: "base", N: 4, Keep: 2, Rater: "crowd", Random: base,
		Chosen: []metric.Chosen{{Reward: "learned", Labels: tuned}, {Reward: "clip", Labels: base}},
	})
	stage("best_of", "base", best, err)
	s.run.Variants = []record.Variant{v}
	report := Build(s.input())
	for _, forms := range []func() error{
		func() error { return printTerminal(&bytes.Buffer{}, 80, report) }, func() error { return writeMarkdown(&bytes.Buffer{}, report, nil) },
		func() error { return writeLaTeX(&bytes.Buffer{}, report) }, func() error { return writeCSV(&bytes.Buffer{}, report) },
	} {
		if err := forms(); err != nil {
			t.Error(err)
		}
	}
	return report
}

func alikePrompts(n int, good ...bool) []judgedPrompt {
	var prompts []judgedPrompt
	for i := range n {
		p := judgedPrompt{category: "color", text: fmt.Sprint("prompt ", i), split: "seen", good: good}
		for j := range good {
			p.scores = append(p.scores, float64((i+3*j)%7)/7)
		}
		prompts = append(prompts, p)
	}
	return prompts
}

// What cannot be had is n/a, or without an interval, with the reason below the table; no
// interval is without width and nothing is invented.
func TestBadInput(t *testing.T) {
	never, always := func(int) bool { return false }, func(int) bool { return true }
	same, constant := func(s float64) float64 { return s }, func(float64) float64 { return 0.5 }
	lonely := append(alikePrompts(12, true, false, true, false), judgedPrompt{"count", "one", "seen", []bool{true}, []float64{0.4}})
	for name, c := range map[string]struct {
		report *Report
		says   []string // below some table
		best   Conclusion
	}{
		"one prompt":                 {measuredAll(t, alikePrompts(1, true, false), always, same), []string{"fewer than 6 prompts", "not tested: fewer than two prompts"}, NotTested},
		"five prompts":               {measuredAll(t, alikePrompts(5, true, false), always, same), []string{"No interval: fewer than 6 prompts"}, Indistinguishable},
		"a category with one image":  {measuredAll(t, lonely, always, same), []string{"n/a: no prompt has both a good and a bad image (pairs)."}, Better},
		"all labels alike":           {measuredAll(t, alikePrompts(12, true, true), never, same), []string{"n/a: the images are all good, or all bad (AUC).", "No interval: no prompt changed"}, Indistinguishable},
		"no prompt changed":          {measuredAll(t, alikePrompts(12, true, false), never, same), []string{"No interval: no prompt changed"}, Indistinguishable},
		"constant scores":            {measuredAll(t, alikePrompts(12, true, false), always, constant), []string{"learned gives every image the same score", "every image has the same score"}, Better},
		"a category of two prompts":  {measuredAll(t, append(lonely, judgedPrompt{"count", "two", "seen", []bool{true, false}, []float64{0.4, 0.3}}), always, same), []string{"fewer than 6 prompts"}, Better},
		"every prompt is alike good": {measuredAll(t, alikePrompts(30, true, true, true), never, same), []string{"No interval: no prompt changed"}, Indistinguishable},
	} {
		t.Run(name, func(t *testing.T) {
			var notes []string
			for _, table := range c.report.Tables {
				notes = append(notes, table.Notes...)
				for i, row := range table.Rows {
					for j, column := range table.Columns {
						cell := row.Cell(column)
						if cell.Low != nil && (*cell.Low >= *cell.High || *cell.Value < *cell.Low || *cell.Value > *cell.High) {
							t.Errorf("%s: %s of %s is %v with the interval [%v, %v]", table.ID, column.Title, row.Subject, *cell.Value, *cell.Low, *cell.High)
						}
						if value, interval := table.written(i, j); strings.Contains(value+interval, "NaN") || strings.Contains(value+interval, "Inf") {
							t.Errorf("%s: %s of %s is %s %s", table.ID, column.Title, row.Subject, value, interval)
						}
						if cell.Value == nil && cell.Text == "n/a" && !slices.ContainsFunc(table.Notes, func(n string) bool { return strings.HasPrefix(n, "n/a: ") }) {
							t.Errorf("%s: n/a without a reason", table.ID)
						}
					}
				}
			}
			for _, want := range c.says {
				if !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, want) }) {
					t.Errorf("nothing says %q among\n%s", want, strings.Join(notes, "\n"))
				}
			}
			best := tableOf(t, c.report, "best-of")
			number := Column{Key: ColumnKey{Field: FieldConclusion, Metric: metric.BestOfGoodShareDifference}}
			if got := best.Rows[0].Cell(number).Text; got != string(c.best) {
				t.Errorf("the chosen images are %q, want %q", got, c.best)
			}
		})
	}
}
