package reports

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// preferred are one rater's choices about two images of each of 24 prompts, half of them
// unseen, by a pattern of one letter each: b better, w worse, t tie.
func preferred(model, versus, aspect, pattern string) (rows []table.Preference) {
	for i := range 48 {
		split := "seen"
		if i/2%2 == 1 {
			split = "unseen"
		}
		choice := map[byte]string{'b': "better", 'w': "worse", 't': "tie"}[pattern[i%len(pattern)]]
		rows = append(rows, table.Preference{
			ImageID: fmt.Sprintf("%d/%d", i/2, i%2), Model: model, Versus: versus, Aspect: aspect,
			Prompt: fmt.Sprint("prompt ", i/2), Category: "color", Split: split, Rater: "1", Choice: choice,
		})
	}
	return rows
}

// preferenceRun is a made-up run of three models, whose numbers the metrics make.
func preferenceRun(t *testing.T) Input {
	t.Helper()
	records := map[string]*record.Record{}
	v := record.Variant{ID: "0123456789ab", Seed: 1}
	add := func(stage record.Stage, metrics []record.Metric, err error) {
		if err != nil {
			t.Fatal(err)
		}
		stage.Kind, stage.Evaluation, stage.Baseline = record.KindMeasure, "main", "base"
		node := strings.Join([]string{"measure/main", stage.Measure, stage.Subject, stage.Versus}, "/")
		records[node] = &record.Record{Key: node, Node: node, Stage: stage, Metrics: metrics}
		v.Stages = append(v.Stages, record.StageRef{Node: node, Key: node, Status: record.Done, Stage: stage})
	}
	strengths := metric.StrengthInput{Models: []string{"base", "tuned", "hasty"}, Baseline: "base", Rater: "people"}
	for _, pair := range [][4]string{ // alignment, fidelity
		{"tuned", "base", "bbtbbwbb", "wtwwwwbw"}, {"tuned", "hasty", "bbbbbtbw", "tttt"}, {"hasty", "base", "bwwbttwb", "wwtb"},
	} {
		rows := append(preferred(pair[0], pair[1], "alignment", pair[2]), preferred(pair[0], pair[1], "fidelity", pair[3])...)
		metrics, _, err := metric.Preference(metric.PreferenceInput{Model: pair[0], Versus: pair[1], Choices: rows, Rater: "people", Seed: 1})
		add(record.Stage{Measure: "preference", Subject: pair[0], Versus: pair[1]}, metrics, err)
		strengths.Choices = append(strengths.Choices, rows)
	}
	metrics, err := metric.Strengths(strengths)
	add(record.Stage{Measure: "strength"}, metrics, err)
	return Input{Run: &record.Run{Name: "preferences", Variants: []record.Variant{v}}, Records: records}
}

func TestPreferenceTable(t *testing.T) {
	input := preferenceRun(t)
	report := Build(input)
	at := slices.IndexFunc(report.Tables, func(t Table) bool { return t.ID == "preference" })
	if at < 0 || len(report.Summary) != 1 || report.Summary[0].ID != "preference" {
		t.Fatalf("tables %d, summary %+v", len(report.Tables), report.Summary)
	}
	preference := report.Tables[at]
	row := func(model, versus, aspect, prompts string) Row {
		for _, row := range preference.Rows {
			if row.Subject == model && row.Cells[ColumnKey{Field: FieldVersus}].Text == versus &&
				row.Cells[ColumnKey{Field: FieldAspect}].Text == aspect && row.Cells[ColumnKey{Field: FieldPart}].Text == prompts {
				return row
			}
		}
		t.Fatalf("no row of %s, %s, %s, %s", model, versus, aspect, prompts)
		return Row{}
	}
	mean := metricColumn(metric.PreferenceMean, part{})
	better := metricColumn(metric.PreferenceBetterShare, part{})
	for _, want := range []struct {
		model, versus, aspect string
		better, mean          float64
		conclusion            Conclusion
	}{
		{"tuned", "base", "alignment", 6.0 / 8, 0.5 + 5.0/16, Better},
		{"tuned", "base", "fidelity", 1.0 / 8, 0.5 - 5.0/16, Worse},
		{"tuned", "hasty", "fidelity", 0, 0.5, Indistinguishable}, // ties alone
		{"hasty", "base", "alignment", 3.0 / 8, 0.5, Indistinguishable},
	} {
		row := row(want.model, want.versus, want.aspect, "all")
		if got := row.Cell(better).Value; math.Abs(*got-want.better) > 1e-12 {
			t.Errorf("%+v: better %v", want, *got)
		}
		cell := row.Cell(mean)
		if math.Abs(*cell.Value-want.mean) > 1e-12 || cell.Comparison.Conclusion() != want.conclusion {
			t.Errorf("%+v: mean %v, %s", want, *cell.Value, cell.Comparison.Conclusion())
		}
		if c := cell.Comparison; math.Abs(*c.Difference-100*(want.mean-0.5)) > 1e-9 || c.Unit != record.Points || c.Baseline != want.versus {
			t.Errorf("%+v: compared as %+v", want, c)
		}
		if row.Headline != (want.versus == "base") {
			t.Errorf("%+v: headline %v", want, row.Headline)
		}
	}
	notes := strings.Join(preference.Notes, "\n")
	for _, want := range []string{"all 18 comparisons of this table", "an interval without 50 %", "sign-flip"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes do not say %q:\n%s", want, notes)
		}
	}
	verdict := VerdictOf(input)
	for _, want := range []string{"By preference, alignment of tuned is better than base (81.2 ±", " %, p <0.001)", "fidelity of tuned is worse than base (18.8 ", "On unseen prompts, "} {
		if !strings.Contains(verdict.Text, want) {
			t.Errorf("the verdict does not say %q:\n%s", want, verdict.Text)
		}
	}
	if strings.Contains(verdict.Text, "than hasty") {
		t.Errorf("the verdict is about another model than the baseline:\n%s", verdict.Text)
	}
	var csv bytes.Buffer
	if err := writeCSV(&csv, report); err != nil {
		t.Fatal(err)
	}
	if want := "preference,tuned,base,false,preference,preferred,,fidelity,,,,0.1875,"; !strings.Contains(csv.String(), want) {
		t.Errorf("tables.csv has no line %q", want)
	}
}

func TestStrengthTable(t *testing.T) {
	report := Build(preferenceRun(t))
	at := slices.IndexFunc(report.Tables, func(t Table) bool { return t.ID == "strength" })
	if at < 0 {
		t.Fatal("no table of strengths")
	}
	table := report.Tables[at]
	var order []string
	for _, row := range table.Rows {
		if row.Cells[ColumnKey{Field: FieldAspect}].Text == "alignment" && row.Cells[ColumnKey{Field: FieldPart}].Text == "all" {
			order = append(order, row.Subject)
		}
	}
	if !slices.Equal(order, []string{"tuned", "base", "hasty"}) && !slices.Equal(order, []string{"tuned", "hasty", "base"}) {
		t.Errorf("the strongest comes first: %q", order)
	}
	first := table.Rows[0].Cell(metricColumn(metric.StrengthDifference, part{}))
	if first.Value == nil || *first.Value < 1 || first.Comparison.Conclusion() != Better {
		t.Errorf("tuned beside base: %+v", first)
	}
}

func TestPreferenceFigure(t *testing.T) {
	input := preferenceRun(t)
	evaluations := evaluationsAcross(input.Run, variantsOf(input))
	f, ok := preferenceFigure(evaluations[0])
	if !ok || len(f.Panels) != 2 || f.Panels[0].Title != "alignment" || len(f.Panels[0].Series) != 3 || len(f.Panels[0].Series[0].Points) != 3 {
		t.Fatalf("figure %+v", f)
	}
	if y := f.Panels[0].Series[0].Points[0]; y.Y != 75 || y.YInterval == nil {
		t.Errorf("better: %+v", y)
	}
}
