package reports

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

// watchedSynthetic makes up a finetune that was looked at after 100, 200 and 300 of 400
// steps: reward and judge part from 100 to 300. kept is the step that is kept; 0: the
// tuning goes on.
func watchedSynthetic(t *testing.T, kept int) *synthetic {
	s := syntheticExperiment(t)
	v := &s.run.Variants[0]
	measured := func(name string, step int, value, half float64) record.Metric {
		return around(record.Metric{Name: name, Subject: "full", Step: step, N: 80, Clusters: 40}, value, half)
	}
	var metrics []record.Metric
	for i, step := range []int{0, 100, 200, 300} {
		reward := measured(metric.CheckpointReward, step, 0.4+0.1*float64(i), 0.04)
		reward.Reward = "with_aux"
		judge := measured(metric.CheckpointGoodShare, step, []float64{0.4, 0.6, 0.55, 0.35}[i], 0.08)
		judge.Rater, judge.Unit = "crowd", record.Share
		metrics = append(metrics, judge, reward)
		if i > 0 {
			change := measured(metric.CheckpointGoodShareChange, step, []float64{0, 20, -5, -25}[i], 12)
			change.Rater, change.Unit, change.Versus = "crowd", record.Points, "step 100"
			metrics = append(metrics, change)
		}
		look := record.Record{Node: fmt.Sprintf("watch/full/%d", step), Stage: record.Stage{Kind: record.KindWatch, Subject: "full", Reward: "with_aux", Step: step, Measure: "checkpoints"}}
		look.Metrics = slices.Clone(metrics)
		chosen, parted := measured(metric.CheckpointChosen, 100, 100, 0), measured(metric.CheckpointParted, 300, 100, 0)
		if i < 3 {
			parted.Value, parted.Step = nil, 0
		}
		look.Metrics = append(look.Metrics, chosen, parted)
		fidelity := measured(metric.FID, step, 3+float64(i), 0.5)
		fidelity.Subject = []string{"base", "full"}[min(i, 1)]
		s.stage(v, record.Record{Node: fmt.Sprintf("measure/full/fidelity/%d", step), Metrics: []record.Metric{fidelity}, Stage: record.Stage{Kind: record.KindMeasure, Measure: "fidelity", Subject: "full", Step: step}})
		if step > 0 {
			s.stage(v, look)
		}
	}
	v.Stages = append(v.Stages, record.StageRef{Node: "watch/full/400", Status: record.NotRun, Stage: record.Stage{Kind: record.KindWatch, Subject: "full", Reward: "with_aux", Step: 400, Measure: "checkpoints"}})
	if kept > 0 {
		s.stage(v, record.Record{
			Node: "keep/full", Stage: record.Stage{Kind: record.KindKeep, Subject: "full", Reward: "with_aux"},
			Facts: map[string]float64{record.KeptStep: float64(kept), record.LastStep: 300},
		})
	}
	return s
}

func TestCheckpointsTable(t *testing.T) {
	r := Build(watchedSynthetic(t, 100).input())
	at := slices.IndexFunc(r.Tables, func(t Table) bool { return t.ID == "checkpoints-full" })
	if at < 0 {
		t.Fatal("no table of the checkpoints")
	}
	table := r.Tables[at]
	var got []string
	for _, row := range table.Rows {
		line := row.Subject
		for _, column := range table.Columns[1:] {
			if !column.Detail {
				line += " | " + row.Cell(column).Text
				if cell := row.Cell(column); cell.Value != nil {
					line += fmt.Sprintf("%.4g", *cell.Value)
				}
			}
		}
		got = append(got, line)
	}
	want := []string{
		"before tuning | 0.4 | 0.4 |  | 3 | ",
		"100 | 0.5 | 0.6 | 20 | 4 | kept, parted behind it",
		"200 | 0.6 | 0.55 | -5 | 5 | ",
		"300 | 0.7 | 0.35 | -25 | 6 | seen here, stopped",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	const said = "From step 100 to step 300 crowd falls, while with_aux, which it is tuned by, rises. The tuning was stopped after step 300 of 400."
	if !slices.Contains(table.Notes, said) {
		t.Errorf("notes %q", table.Notes)
	}
	for _, alarm := range r.Alarms {
		if strings.HasPrefix(alarm, "full is the model of") {
			t.Errorf("alarm %q of a finetune that kept the best", alarm)
		}
	}
	// The distances of steps are no evaluation of their own.
	for _, other := range r.Tables {
		if other.ID != "checkpoints-full" && strings.Contains(other.ID, "fidelity") && slices.ContainsFunc(other.Rows, func(row Row) bool { return row.Cells[ColumnKey{Field: FieldSubject}].Text == "" }) {
			t.Errorf("table %s has a row of nobody", other.ID)
		}
	}
	var out bytes.Buffer
	if err := printTerminal(&out, 80, r); err != nil || strings.Contains(out.String(), "NaN") {
		t.Errorf("printed with %v", err)
	}
}

func TestCheckpointsAlarm(t *testing.T) {
	r := Build(watchedSynthetic(t, 300).input())
	if !slices.ContainsFunc(r.Alarms, func(alarm string) bool {
		return strings.HasPrefix(alarm, "full is the model of step 300. From step 100 to step 300 crowd falls") && strings.HasSuffix(alarm, `Say keep = "best" in its evaluate block, or fewer steps.`)
	}) {
		t.Errorf("alarms %q", r.Alarms)
	}
}

// While the tuning goes on the table has what there is, and the best step so far.
func TestCheckpointsOfARunThatGoesOn(t *testing.T) {
	c := checkpointsOf(variantsOf(watchedSynthetic(t, 0).input())[0])
	if len(c) != 1 || c[0].mark(100) != "best, parted behind it" || c[0].planned != 400 || c[0].stopped() || c[0].judge != "crowd" || !c[0].rater {
		t.Errorf("%+v", c)
	}
}
