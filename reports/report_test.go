package reports

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file under testdata, which holds synthetic reports.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got, -update writes it anew):\n%s", path, diff)
	}
}

func TestGoldenReports(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *synthetic{
		"synthetic": syntheticExperiment, "synthetic_ablation": syntheticAblation,
	} {
		t.Run(name, func(t *testing.T) {
			input := make(t).input()
			dir := t.TempDir()
			if _, err := Write(context.Background(), dir, input); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"tables.md", "tables.csv", "tables.tex"} {
				got, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join(name, file), got)
			}
			var printed bytes.Buffer
			if err := Print(&printed, 80, input); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(name, "terminal.txt"), printed.Bytes())
			printed.Reset()
			if err := PrintSummary(&printed, 80, input); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(name, "summary.txt"), printed.Bytes())
			for _, name := range []string{"images", "front", "good_share-*", "training-*"} {
				pictures, _ := filepath.Glob(filepath.Join(dir, "figures", name+".png"))
				if len(pictures) == 0 {
					t.Errorf("there is no figure %s", name)
				}
				for _, picture := range pictures {
					checkPicture(t, picture)
				}
			}
			left, _ := filepath.Glob(filepath.Join(dir, ".*"))
			if len(left) > 0 {
				t.Errorf("temporary files are left: %v", left)
			}
		})
	}
}

// checkPicture wants a PNG that is not of one colour.
func checkPicture(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	picture, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	colors := map[any]bool{}
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y += 3 {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x += 3 {
			colors[picture.At(x, y)] = true
		}
	}
	if len(colors) < 4 {
		t.Errorf("%s has %d colours", path, len(colors))
	}
}

func TestTerminalFitsItsWidth(t *testing.T) {
	for _, make := range []func(*testing.T) *synthetic{syntheticExperiment, syntheticAblation} {
		input := make(t).input()
		for _, width := range []int{60, 80, 100, 200} {
			var printed bytes.Buffer
			if err := Print(&printed, width, input); err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(printed.String(), "\n") {
				if n := utf8.RuneCountInString(line); n > width {
					t.Errorf("width %d: a line of %d: %q", width, n, line)
				}
			}
		}
	}
}

func TestMissingIsNeverZero(t *testing.T) {
	report := Build(syntheticAblation(t).input())
	found := 0
	for _, table := range report.Tables {
		for i, row := range table.Rows {
			if row.Cell(table.Columns[0]).Text != "2" || row.Subject != "full" {
				continue
			}
			for column := range table.Columns {
				value, _ := table.written(i, column)
				if strings.Trim(value, "0.±%") == "" && value != "" && !table.Columns[column].Key.words() {
					t.Errorf("%s: %q shows %q", table.ID, table.Columns[column].Title, value)
				}
				if value == missingText {
					found++
				}
			}
		}
	}
	if found == 0 {
		t.Error("nothing is shown as missing")
	}
	if !slices.ContainsFunc(report.Notes, func(n string) bool { return strings.Contains(n, "NaN at step 41") }) {
		t.Errorf("the failure is not told: %q", report.Notes)
	}
}

func TestAlarmNeedsARewardThatRoseAndImagesThatGotWorse(t *testing.T) {
	changed := func(name, subject string, value, half float64) *synthetic {
		s := syntheticExperiment(t)
		for _, r := range s.records {
			for i, m := range r.Metrics {
				if m.Name == name && (subject == "" || m.Subject == subject) {
					r.Metrics[i] = around(m, value, half)
				}
			}
		}
		return s
	}
	// labelled is farther from real images by FID, full as far as chance goes; people are
	// not sure of labelled.
	unconfirmed := syntheticExperiment(t)
	if alarms := Build(unconfirmed.input()).Alarms; len(alarms) != 1 || !strings.HasPrefix(alarms[0], "labelled scores higher than base by the learned reward with_aux") {
		t.Errorf("alarms %q", alarms)
	}
	for i := range unconfirmed.run.Variants[0].Stages {
		unconfirmed.run.Variants[0].Stages[i].Reward = ""
	}
	if alarms := Build(unconfirmed.input()).Alarms; len(alarms) != 0 {
		t.Errorf("no model was tuned by a reward, yet: %q", alarms)
	}

	if alarms := Build(changed("good_share_difference", "labelled", 9, 4).input()).Alarms; len(alarms) != 0 {
		t.Errorf("people confirm the reward, yet: %q", alarms)
	}

	s := changed("average_reward", "", 0.4, 0.02)
	for _, r := range s.records {
		r.Metrics = slices.DeleteFunc(r.Metrics, func(m record.Metric) bool { return m.Name == "good_share_difference" })
	}
	if alarms := Build(s.input()).Alarms; len(alarms) != 0 {
		t.Errorf("no reward rose, yet: %q", alarms)
	}

	worse := changed("good_share_difference", "full", -9, 4)
	if alarms := Build(worse.input()).Alarms; len(alarms) != 2 || !strings.Contains(alarms[1], "fewer of its images good (-9.0 points)") {
		t.Errorf("alarms %q", alarms)
	}
}

func TestConclusions(t *testing.T) {
	points := func(value, half float64, better record.Direction, p ...float64) *Comparison {
		m := around(record.Metric{Better: better}, value, half)
		c := comparisonOf(&m)
		if len(p) > 0 {
			c.P = &p[0]
		}
		return c
	}
	for _, c := range []struct {
		comparison *Comparison
		want       Conclusion
	}{
		{points(3, 4, "higher", 0.01), Indistinguishable}, {points(5, 4, "higher", 0.01), Better}, {points(-5, 4, "higher", 0.01), Worse},
		{points(-5, 4, "lower", 0.01), Better}, {points(0, 0, "higher", 1), Indistinguishable}, {nil, NotMeasured},
		{points(5, 4, "higher"), NotTested}, {&Comparison{Difference: rounded(1), P: rounded(0.01)}, NotTested},
		{&Comparison{Difference: rounded(0), P: rounded(1)}, Indistinguishable}, {&Comparison{}, NotTested},
		{points(5, 4, "higher", 0.05), Better}, {points(5, 4, "higher", 0.051), Indistinguishable}, {points(3, 4, "higher", 0.001), Indistinguishable},
	} {
		if got := c.comparison.Conclusion(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.comparison, got, c.want)
		}
	}
}

// By hand, Holm: 3*0.01 = 0.03; 2*0.03 = 0.06; 1*0.04, but no less than before.
func TestComparisonsAreCorrectedTogether(t *testing.T) {
	var tested family
	one, two, three := &Comparison{}, &Comparison{}, &Comparison{}
	tested.add(one, 0.03)
	tested.add(two, 0.01)
	tested.add(three, 0.04)
	tested.correct()
	for i, want := range []float64{0.06, 0.03, 0.06} {
		if got := []*Comparison{one, two, three}[i].P; math.Abs(*got-want) > 1e-12 {
			t.Errorf("p %d is %v, want %v", i+1, *got, want)
		}
	}
}

// tableOf finds a table of a report.
func tableOf(t *testing.T, r *Report, id string) Table {
	t.Helper()
	for _, table := range r.Tables {
		if table.ID == id {
			return table
		}
	}
	t.Fatalf("no table %q", id)
	return Table{}
}

// All that a table compares is one family, whatever the parts; rows by category have
// their numbers and no verdict.
func TestATableIsOneFamily(t *testing.T) {
	report := Build(syntheticExperiment(t).input())
	for _, c := range []struct {
		id        string
		tested    int
		untouched int // rows that are not compared
	}{{"wins", 6, 4}, {"rewards", 6, 4}, {"best-of", 4, 0}} {
		table := tableOf(t, report, c.id)
		conclusion := table.Columns[slices.IndexFunc(table.Columns, func(c Column) bool { return c.Key.Field == FieldConclusion })]
		number, p := conclusion, conclusion
		number.Key, p.Key = conclusion.Key.as(FieldNumber), conclusion.Key.as(FieldP)
		tested, untouched := 0, 0
		for _, row := range table.Rows {
			switch {
			case row.Detail && (row.Cell(conclusion).Text != "" || row.Cell(p).Value != nil || row.Cell(number).Value == nil):
				t.Errorf("%s: a row by category concludes %+v of %+v", c.id, row.Cell(conclusion), row.Cell(number))
			case row.Detail:
				untouched++
			case row.Cell(p).Value != nil:
				tested++
			}
		}
		if tested != c.tested || untouched != c.untouched {
			t.Errorf("%s: %d rows tested, %d not, want %d and %d", c.id, tested, untouched, c.tested, c.untouched)
		}
		want := fmt.Sprintf("after Holm's correction over all %d comparisons", c.tested)
		if !slices.ContainsFunc(table.Notes, func(n string) bool { return strings.Contains(n, want) }) {
			t.Errorf("%s: no note %q among %q", c.id, want, table.Notes)
		}
	}
	// By hand, of the best-of table: 0.0002, 0.8, 0.06 and 0.0004 by Holm.
	best := tableOf(t, report, "best-of")
	for i, want := range []float64{4 * 0.0002, 0.8, 2 * 0.06, 3 * 0.0004} {
		p := best.Rows[i].Cell(best.Columns[5])
		if p.Value == nil || math.Abs(*p.Value-want) > 1e-12 {
			t.Errorf("row %d: p %v, want %v", i, p.Value, want)
		}
	}
}

// A table says how its intervals and tests were made, each method once, with the
// columns that it is of, and why a number has no interval.
func TestTablesSayHow(t *testing.T) {
	s := syntheticExperiment(t)
	for _, r := range s.records {
		for i := range r.Metrics {
			m := &r.Metrics[i]
			switch {
			case m.Name == "win_share":
				m.Protocol = map[string]string{"interval": "95 %, by a rule for shares"}
			case m.Name == "lose_share" && m.Subject == "full":
				m.Low, m.High, m.Note = nil, nil, "no interval: fewer than 6 prompts"
			}
		}
	}
	report := Build(s.input())
	wins := tableOf(t, report, "wins")
	for _, want := range []string{
		"Intervals of win: 95 %, by a rule for shares.",
		"Intervals of tie, lose, win-lose: 95 %, percentile bootstrap over prompts, 2000 resamples.",
		"p: sign flips over prompts.",
		"No interval: fewer than 6 prompts (lose).",
	} {
		if !slices.Contains(wins.Notes, want) {
			t.Errorf("no note %q among %q", want, wins.Notes)
		}
	}
	rewards := tableOf(t, report, "rewards")
	for _, want := range []string{"Intervals: 95 %, t by stratum.", "p of pairs: sign flips over prompts.", "p of AUC: t of its interval."} {
		if !slices.Contains(rewards.Notes, want) {
			t.Errorf("no note %q among %q", want, rewards.Notes)
		}
	}
	for _, note := range report.Notes {
		if strings.Contains(note, "ntervals") {
			t.Errorf("a note stands over all tables: %q", note)
		}
	}
}

// What could not be tested concludes nothing.
func TestNothingIsConcludedWithoutATest(t *testing.T) {
	s := syntheticExperiment(t)
	for _, r := range s.records {
		for i := range r.Metrics {
			if m := &r.Metrics[i]; m.Unit == record.P || strings.HasSuffix(m.Name, "_p") {
				m.Value, m.Note = nil, "fewer than 6 prompts"
			}
		}
	}
	for _, table := range Build(s.input()).Tables {
		for _, row := range table.Rows {
			for _, column := range table.Columns {
				if words := row.Cell(column).Text; column.Key.Field == FieldConclusion && words != string(NotTested) && words != "" {
					t.Errorf("%s: %q concludes %q", table.ID, row.Subject, words)
				}
			}
		}
	}
}

func TestWritten(t *testing.T) {
	column := func(cells ...Cell) Table {
		number := Column{Key: ColumnKey{Field: FieldNumber, Metric: "fid"}}
		table := Table{Columns: []Column{number}}
		for _, c := range cells {
			row := Row{}
			row.put(number, c)
			table.Rows = append(table.Rows, row)
		}
		return table
	}
	for _, c := range []struct {
		cell            Cell
		value, interval string
	}{
		{Cell{Value: rounded(0.431), Low: rounded(0.401), High: rounded(0.461), Unit: "share"}, "43.1", "±3.0"},
		{Cell{Value: rounded(1), Low: rounded(0.61), High: rounded(1), Unit: "share"}, "100.0", "[61.0, 100.0]"},
		{Cell{Value: rounded(6.3), Low: rounded(2.3), High: rounded(10.3), Unit: "points"}, "+6.3", "±4.0"},
		{Cell{Value: rounded(-0.01), Unit: "points"}, "0.0", ""},
		{Cell{Value: rounded(0.0004), Unit: "p"}, "<0.001", ""},
		{Cell{Value: rounded(0.04), Unit: "p"}, "0.040", ""},
		{Cell{Value: rounded(13.97), Low: rounded(13.43), High: rounded(14.51)}, "13.97", "±0.54"},
		{Cell{Value: rounded(0.0123), Low: rounded(0.0101), High: rounded(0.0145)}, "0.0123", "±0.0022"},
		{Cell{Value: rounded(0.4312)}, "0.431", ""},
		{text("missing"), "missing", ""},
	} {
		value, interval := column(c.cell).written(0, 0)
		if value != c.value || interval != c.interval {
			t.Errorf("%+v: got %q %q, want %q %q", c.cell, value, interval, c.value, c.interval)
		}
	}
}

func TestNumbersThatCouldNotBeComputedSayWhy(t *testing.T) {
	s := syntheticExperiment(t)
	for _, r := range s.records {
		for i := range r.Metrics {
			if m := &r.Metrics[i]; m.Name == "kid" && m.Subject == "full" {
				m.Value, m.Low, m.High, m.Note = nil, nil, nil, "fewer than two images"
			}
		}
	}
	var printed bytes.Buffer
	if err := Print(&printed, 80, s.input()); err != nil {
		t.Fatal(err)
	}
	if out := printed.String(); !strings.Contains(out, "n/a") || !strings.Contains(out, "n/a: fewer than two images (KID)") {
		t.Error(out)
	}
}

func TestEmptyRun(t *testing.T) {
	input := Input{Run: &record.Run{Name: "nothing", Variants: []record.Variant{{}}}}
	dir := t.TempDir()
	stale := filepath.Join(dir, "figures", "front.png")
	if err := os.Mkdir(filepath.Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, []byte("of an earlier run"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(context.Background(), dir, input); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("an earlier run's picture is left: %v", err)
	}
	if err := Print(&bytes.Buffer{}, 80, input); err != nil {
		t.Error(err)
	}
	if _, err := Write(context.Background(), t.TempDir(), Input{Run: &record.Run{}}); err != nil {
		t.Error(err)
	}
}

func TestWriteStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Write(ctx, t.TempDir(), syntheticExperiment(t).input()); err == nil {
		t.Error("a cancelled report was written")
	}
}

func TestGoldenResults(t *testing.T) {
	s := syntheticExperiment(t)
	for _, r := range s.records {
		r.Metrics = r.Metrics[:min(1, len(r.Metrics))]
	}
	s.run.Variants[0].Stages = s.run.Variants[0].Stages[:6]
	var written bytes.Buffer
	if err := writeResults(&written, s.input(), Build(s.input())); err != nil {
		t.Fatal(err)
	}
	golden(t, "synthetic/results.json", written.Bytes())
}

func TestResultsHoldEveryMetric(t *testing.T) {
	s := syntheticExperiment(t)
	var written bytes.Buffer
	if err := writeResults(&written, s.input(), Build(s.input())); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Variants []struct {
			Stages  []struct{ Seconds float64 }
			Metrics []struct{ Name string }
		}
	}
	if err := json.Unmarshal(written.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, r := range s.records {
		want += len(r.Metrics)
	}
	if n := len(got.Variants[0].Metrics); n != want || n == 0 {
		t.Errorf("%d metrics, want %d", n, want)
	}
	if n := len(got.Variants[0].Stages); n != len(s.records) {
		t.Errorf("%d stages, want %d", n, len(s.records))
	}
}

// TestResultsSchema: docs/results.schema.json describes every field of what is written,
// of stages that failed, too, and no other.
func TestResultsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../docs/results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	failed := syntheticAblation(t)
	failed.run.ID, failed.run.Variants[8].Stages[0].Diagnostics = "0123abcd", diag.List{{
		Severity: diag.Warning, Summary: "made up", Detail: "made up", Subject: diag.Range{File: "x.hcl", Start: diag.Position{Line: 1}},
	}}
	for _, s := range []*synthetic{syntheticExperiment(t), withCard(t, 0.9, 0.05), failed} {
		var written bytes.Buffer
		if err := writeResults(&written, s.input(), Build(s.input())); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, old, new string
			wrong          bool
		}{
			{name: "as it is written"},
			{name: "a field that is not described", old: `"clusters":120`, new: `"clusters":120,"groups":1`, wrong: true},
			{name: "a word in place of a number", old: `"n":480`, new: `"n":"480"`, wrong: true},
			{name: "a metric without its name", old: `"name":"good_share",`, new: ``, wrong: true},
			{name: "another version", old: `"schema": 1`, new: `"schema": 2`, wrong: true},
		} {
			text := strings.Replace(written.String(), c.old, c.new, 1)
			if c.wrong && text == written.String() {
				t.Fatalf("%s: nothing was changed", c.name)
			}
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); (err != nil) != c.wrong {
				t.Errorf("%s, %s: %v", s.run.Name, c.name, err)
			}
		}
	}
}

// TestResultsNameTheirMethod: a number's method and a stage's machine are found at
// their places, and each stands there once.
func TestResultsNameTheirMethod(t *testing.T) {
	s := syntheticExperiment(t)
	for i, ref := range s.run.Variants[0].Stages {
		s.records[ref.Key].Machine = record.Machine{OS: "linux", CPUs: 1 + i%2}
	}
	var written bytes.Buffer
	if err := writeResults(&written, s.input(), Build(s.input())); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machines []record.Machine
		Methods  []map[string]string
		Variants []struct {
			Stages []struct {
				Key     string
				Machine int
			}
			Metrics []struct{ Method *int }
		}
	}
	if err := json.Unmarshal(written.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Machines) != 2 {
		t.Errorf("%d machines, want 2", len(got.Machines))
	}
	for _, stage := range got.Variants[0].Stages {
		if got.Machines[stage.Machine] != s.records[stage.Key].Machine {
			t.Errorf("stage %s: machine %d", stage.Key, stage.Machine)
		}
	}
	var want []record.Metric
	for _, e := range variantsOf(s.input())[0].evaluations {
		want = append(want, e.metrics...)
	}
	for i, m := range got.Variants[0].Metrics {
		switch {
		case (m.Method == nil) != (want[i].Protocol == nil):
			t.Errorf("metric %d: method %v, want %v", i, m.Method, want[i].Protocol)
		case m.Method != nil && !maps.Equal(got.Methods[*m.Method], want[i].Protocol):
			t.Errorf("metric %d: method %v, want %v", i, got.Methods[*m.Method], want[i].Protocol)
		}
	}
}

func TestUnlikeDistancesAreNotCompared(t *testing.T) {
	s := syntheticExperiment(t)
	for _, r := range s.records {
		for i := range r.Metrics {
			if m := &r.Metrics[i]; m.Name == "fid" && m.Subject == "labelled" {
				m.Protocol = map[string]string{"images": "96", "reference images": "960"}
			}
		}
	}
	var printed bytes.Buffer
	if err := Print(&printed, 80, s.input()); err != nil {
		t.Fatal(err)
	}
	out := printed.String()
	if !strings.Contains(out, "unlike") || strings.Contains(out, "FID 7.9") || !strings.Contains(out, "96 images against 960") {
		t.Error(out)
	}
}

func TestTheSameTroubleIsOneNote(t *testing.T) {
	var failures, notRun int
	for _, note := range Build(syntheticAblation(t).input()).Notes {
		if strings.HasPrefix(note, "Not run because of that: sample/main/full, rate/main/full (in ") {
			notRun++
		}
		if strings.HasPrefix(note, "Failed:") {
			failures++
			if !strings.HasSuffix(note, "(in auxiliary_weight=0.5 seed=3 and 3 other variants)") {
				t.Errorf("note %q", note)
			}
		}
	}
	if failures != 1 || notRun != 1 {
		t.Errorf("%d notes of failures and %d of what was not run, want 1 each", failures, notRun)
	}
}

func TestRowsThatNoVariantChangesStandOnce(t *testing.T) {
	report := Build(syntheticAblation(t).input())
	count := map[string]int{}
	for _, row := range report.Tables[0].Rows {
		count[row.Subject]++
	}
	if count["base"] != 1 || count["full"] != 3 {
		t.Errorf("rows %v", count)
	}
	if first := report.Tables[0].Rows[0].Cell(report.Tables[0].Columns[0]).Text; first != anyValue {
		t.Errorf("the base's variable is %q", first)
	}
}

func TestOneSeedKeepsItsOwnInterval(t *testing.T) {
	s := syntheticAblation(t)
	s.run.Variants = slices.DeleteFunc(s.run.Variants, func(v record.Variant) bool { return v.Seed != 1 })
	report := Build(s.input())
	table := report.Tables[0]
	if !slices.ContainsFunc(table.Notes, func(n string) bool { return strings.HasPrefix(n, "One seed:") }) {
		t.Errorf("notes %q", table.Notes)
	}
	if cell := table.Rows[0].Cell(table.Columns[2]); cell.Low == nil || cell.N != 240 {
		t.Errorf("cell %+v", cell)
	}
	for _, table := range report.Tables {
		if table.ID == "variant-differences" {
			t.Error("differences of one seed are tested")
		}
	}
}

func TestBreakable(t *testing.T) {
	for words, want := range map[string]string{
		"short words":              "short words",
		"auxiliary_weight=0.5":     "auxiliary_ weight=0.5",
		"abcdefghijklmnopqrstuvwx": "abcdefghijklmnop qrstuvwx",
		"üüüüüüüüüüüüüüü=ä":        "üüüüüüüüüüüüüüü= ä",
		"größenverhältnisprüfung":  "größenverhältnis prüfung",
	} {
		if got := breakable(words, 16); got != want {
			t.Errorf("%q: got %q, want %q", words, got, want)
		}
	}
}

// A table that is too wide puts the bounds of its intervals below each other before it
// is broken into two.
func TestNarrowTablesKeepTheirConclusion(t *testing.T) {
	model := wordColumn(FieldSubject, "model")
	table := Table{ID: "x", Title: "x", Columns: []Column{model}}
	row := Row{Subject: "unlabelled"}
	row.put(model, text("unlabelled"))
	for i := range 5 {
		number := metricColumn("win_share", part{category: fmt.Sprint(i)})
		table.Columns = append(table.Columns, number)
		row.put(number, Cell{Value: rounded(0.2), Low: rounded(0.102), High: rounded(0.415), Unit: record.Share})
	}
	table.Rows = []Row{row}
	blocks := fit(table, 60)
	if len(blocks) != 1 || blocks[0].rows[0][1] != "20.0\n[10.2,\n41.5]" {
		t.Errorf("%d blocks: %q", len(blocks), blocks[0].rows)
	}
	if blocks := fit(table, 80); blocks[0].rows[0][1] != "20.0\n[10.2, 41.5]" {
		t.Errorf("there is room, and yet: %q", blocks[0].rows)
	}
	if blocks := fit(table, 40); len(blocks) < 2 {
		t.Errorf("40 columns hold %q", blocks[0].rows)
	}
}

func TestParted(t *testing.T) {
	for words, want := range map[string]string{
		"with_auxiliary no_aux": "with_ auxiliary no_aux", "distinguishable": "distinguishable",
		"trailing_sign_": "trailing_ sign_", "_leading_sign": "_leading_ sign", "ünder_ümläutsümläuts": "ünder_ ümläutsümläuts",
	} {
		if got := parted(words, 11); got != want {
			t.Errorf("%q: got %q, want %q", words, got, want)
		}
	}
}

func TestLaTeXIsBalanced(t *testing.T) {
	var written bytes.Buffer
	if err := writeLaTeX(&written, Build(syntheticExperiment(t).input())); err != nil {
		t.Fatal(err)
	}
	out := written.String()
	for _, environment := range []string{"table", "tabular"} {
		begun, ended := strings.Count(out, `\begin{`+environment+`}`), strings.Count(out, `\end{`+environment+`}`)
		if begun != ended || begun < 8 {
			t.Errorf("%s: %d begun, %d ended", environment, begun, ended)
		}
	}
	if got := escapeLaTeX(`50 % of a_b & c\d ↑`); got != `50 \% of a\_b \& c\textbackslash{}d $\uparrow$` {
		t.Errorf("escaped %q", got)
	}
}

func TestCSVIsRectangular(t *testing.T) {
	var written bytes.Buffer
	if err := writeCSV(&written, Build(syntheticExperiment(t).input())); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&written).ReadAll()
	if err != nil || len(rows) < 50 {
		t.Fatalf("%d rows (%v)", len(rows), err)
	}
	cell := func(row []string, column string) string { return row[slices.Index(rows[0], column)] }
	for column, want := range map[string]string{
		"table": "models", "subject": "base", "baseline": "true", "metric": "good_share", "quantity": "good", "split": "seen",
		"value": "0.4597", "low": "0.3564", "high": "0.563", "n": "240", "unit": "share", "p": "", "text": "",
	} {
		if got := cell(rows[1], column); got != want {
			t.Errorf("%s of the first row is %q, and not %q", column, got, want)
		}
	}
	for _, row := range rows[1:] {
		if (cell(row, "value") == "") == (cell(row, "text") == "") {
			t.Errorf("neither a value nor words, or both: %q", row)
		}
		if cell(row, "unit") == "share" && strings.Contains(cell(row, "quantity"), "%") {
			t.Errorf("a share in percent: %q", row)
		}
	}
}

// What stages and components are called changes no number: names are for people.
func TestNothingIsReadOutOfNames(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *synthetic{"experiment": syntheticExperiment, "ablation": syntheticAblation} {
		t.Run(name, func(t *testing.T) {
			want := Build(make(t).input())
			s := make(t)
			s.run.Notices = nil
			for i := range s.run.Variants {
				v := &s.run.Variants[i]
				for j := range v.Stages {
					v.Stages[j].Node = "fit/measure/x/" + v.Stages[j].Node
					if needs := &v.Stages[j].Needs; *needs != "" {
						*needs = "fit/measure/x/" + *needs
					}
					for k := range v.Stages[j].Diagnostics {
						v.Stages[j].Diagnostics[k].Summary = "not run: sample/main/base failed"
					}
				}
			}
			for _, r := range s.records {
				r.Node, r.Component = "measure/main/alignment/base", "shapes_x"
			}
			got := Build(s.input())
			if diff := cmp.Diff(want.Tables, got.Tables); diff != "" {
				t.Errorf("tables (-names +other names):\n%s", diff)
			}
			if diff := cmp.Diff(want.Alarms, got.Alarms); diff != "" {
				t.Errorf("alarms:\n%s", diff)
			}
			for _, note := range got.Notes {
				if strings.Contains(note, "miniature") {
					t.Errorf("a component called shapes_x makes a miniature: %q", note)
				}
			}
			failed := func(r *Report) (n int) {
				for _, note := range r.Notes {
					if strings.HasPrefix(note, "Failed: ") || strings.HasPrefix(note, "Not run because of that: ") {
						n++
					}
				}
				return n
			}
			if failed(want) != failed(got) {
				t.Errorf("%d notes of failures, want %d: %q", failed(got), failed(want), got.Notes)
			}
			grids, err := imageGrids(t.Context(), s.input(), variantsOf(s.input()))
			if err != nil || len(grids) == 0 || len(grids[0].figure().Images.Columns) < 2 {
				t.Errorf("grids %v, %v", grids, err)
			}
		})
	}
}

// A model of an evaluation may be called as the phrase for random images begins.
func TestAModelCalledRandom(t *testing.T) {
	s := syntheticAblation(t)
	for _, r := range s.records {
		for i := range r.Metrics {
			m := &r.Metrics[i]
			for _, name := range []*string{&m.Subject, &m.Versus} {
				if *name == "full" {
					*name = "random walk"
				}
			}
		}
	}
	for _, table := range Build(s.input()).Tables {
		if table.ID != "variant-best-of" {
			continue
		}
		last := table.Columns[len(table.Columns)-1]
		if last.Title != "points over random walk" {
			t.Errorf("last column %q", last.Title)
		}
		if row := table.Rows[len(table.Rows)-1]; row.Subject != "random walk" {
			t.Errorf("last row is of %q", row.Subject)
		}
		return
	}
	t.Error("no table of chosen images")
}

// Two draws of a variant are rows of their own, also where variants draw different
// numbers.
func TestTwoDrawsOfAVariant(t *testing.T) {
	s := syntheticAblation(t)
	for _, r := range s.records {
		if r.Measure != "best_of" {
			continue
		}
		for _, m := range bestOfMetrics() {
			for _, name := range []*string{&m.Subject, &m.Versus} {
				*name = strings.Replace(*name, "4 of 16", fmt.Sprintf("1 of %d", 8+r.Key[0]%2), 1)
			}
			m.Protocol = map[string]string{metric.Draw: fmt.Sprintf("1 of %d of base", 8+r.Key[0]%2)}
			if m.Name == "best_of_good_share" && m.Reward == "with_aux" {
				m = around(m, 0.7, 0.05)
			}
			r.Metrics = append(r.Metrics, m)
		}
	}
	table := tableOf(t, Build(s.input()), "variant-best-of")
	good := metricColumn(metric.BestOfGoodShare, part{})
	count := map[float64]int{}
	for _, row := range table.Rows {
		if cell := row.Cell(good); cell.Value != nil && strings.HasSuffix(row.Subject, "by with_aux") {
			count[*rounded(*cell.Value)]++
		}
	}
	if count[0.55] != 2 || count[0.7] != 2 || len(count) != 2 {
		t.Errorf("shares of the two draws in two variants: %v", count)
	}
}

// What waits for people is told apart from what failed.
func TestWaitingIsNoFailure(t *testing.T) {
	s := syntheticExperiment(t)
	stages := s.run.Variants[0].Stages
	for i := range stages {
		switch stages[i].Node {
		case "rate/main/full":
			stages[i].Status, stages[i].Key = record.Waiting, ""
			stages[i].Diagnostics = diag.List{{Severity: diag.Warning, Summary: "There are no labels yet in labels.csv", Detail: "Put them there."}}
		case "measure/main/alignment/full":
			stages[i].Status, stages[i].Key, stages[i].Needs = record.NotRun, "", "rate/main/full"
		}
	}
	notes := Build(s.input()).Notes
	for _, want := range []string{
		"Waiting for people: rate/main/full: There are no labels yet in labels.csv: Put them there.",
		"Not run before that: measure/main/alignment/full",
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note %q among %q", want, notes)
		}
	}
	if slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "Failed") || strings.HasPrefix(n, "Missing") }) {
		t.Errorf("notes %q", notes)
	}
}

// TestARunThatIsNotDone: a run that was killed before anything was measured has no
// table of holes, and says how far it came and what was mended.
func TestARunThatIsNotDone(t *testing.T) {
	s := syntheticExperiment(t)
	for _, r := range s.records {
		r.Metrics = nil
	}
	s.run.State, s.run.Stages, s.run.Finished = record.RunKilled, 20, 7
	for range mostRepairs + 2 {
		s.run.Repairs = append(s.run.Repairs, record.Repair{Stage: "tune/full", What: "The checkpoint\nis damaged", At: time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)})
	}
	report := Build(s.input())
	for _, table := range report.Tables {
		t.Errorf("there is a table %q", table.Title)
	}
	for _, want := range []string{
		"The run was killed: 7 of its 20 stages have finished, and these numbers are of those.",
		"12 times, something was found damaged and made again. The numbers are those of undamaged results; a disk that does this more than once deserves a look.",
		"Repaired on 2026-11-28 03:00:00: tune/full: The checkpoint is damaged",
		"Repaired: and 2 more; `plumb runs --json` counts them.",
	} {
		if !slices.Contains(report.Notes, want) {
			t.Errorf("no note %q among %q", want, report.Notes)
		}
	}
	if !strings.HasPrefix(report.Notes[0], "Nothing was measured yet for: ") {
		t.Errorf("the first note is %q", report.Notes[0])
	}
}

// An evaluation without splits has its share of good images in an ablation, too.
func TestAnAblationWithoutSplits(t *testing.T) {
	s := syntheticAblation(t)
	for _, r := range s.records {
		r.Metrics = slices.DeleteFunc(r.Metrics, func(m record.Metric) bool { return m.Split != "" })
	}
	table := Build(s.input()).Tables[0]
	number := metricColumn("good_share", part{})
	if !slices.Contains(table.Columns, number) || table.Rows[0].Cell(number).Value == nil {
		t.Errorf("columns %+v", table.Columns)
	}
}
