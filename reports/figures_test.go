package reports

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/figure"
)

func figuresFor(t *testing.T, s *synthetic) []figure.Figure {
	t.Helper()
	c, err := gather(t.Context(), s.input())
	if err != nil {
		t.Fatal(err)
	}
	return c.figures
}

func figureCalled(t *testing.T, all []figure.Figure, name string) figure.Figure {
	t.Helper()
	at := slices.IndexFunc(all, func(f figure.Figure) bool { return f.Name == name })
	if at < 0 {
		var names []string
		for _, f := range all {
			names = append(names, f.Name)
		}
		t.Fatalf("there is no figure %s among %q", name, names)
	}
	return all[at]
}

// TestFiguresAreWhole: the same files each time, each that tables.md and figures.tex name,
// and none of an earlier report.
func TestFiguresAreWhole(t *testing.T) {
	s := syntheticExperiment(t).judged(t)
	read := func(dir string) map[string]string {
		all := map[string]string{}
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			name, _ := filepath.Rel(dir, path)
			all[name] = string(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	first, second := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(second, "figures", "half"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, stale := range []string{"figures/of_an_earlier_run.png", "figures/half/of_an_earlier_run.pdf"} {
		if err := os.WriteFile(filepath.Join(second, stale), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, dir := range []string{first, second} {
		var err error
		if names, err = Write(context.Background(), dir, s.input()); err != nil {
			t.Fatal(err)
		}
	}
	a, b := read(first), read(second)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("two reports of a run differ: %.500s", diff)
	}
	if len(names) != len(a) {
		t.Errorf("%d files are told of, there are %d", len(names), len(a))
	}
	for _, name := range names {
		if _, ok := a[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	named := regexp.MustCompile(`figures/[A-Za-z0-9_/-]+\.(svg|pdf|png)`)
	for _, file := range []string{"tables.md", "figures.tex"} {
		all := named.FindAllString(a[file], -1)
		if len(all) < 5 {
			t.Errorf("%s names %q", file, all)
		}
		for _, name := range all {
			if _, ok := a[name]; !ok && !strings.HasSuffix(name, "/NAME.pdf") {
				t.Errorf("%s names %s", file, name)
			}
		}
	}
	for name, content := range a {
		if strings.HasSuffix(name, ".svg") && (strings.Contains(content, "NaN") || strings.Contains(content, "Inf")) {
			t.Errorf("%s has a number that is none", name)
		}
	}
}

// TestFigureOfAnAblation: what each panel shows of the made-up runs. The base has the same
// numbers in every variant: a line across. Of full, weight 2 is missing, but has its place
// on the axis; of 0.5 two seeds are there, which make no interval.
func TestFigureOfAnAblation(t *testing.T) {
	s := syntheticAblation(t)
	f := figureCalled(t, figuresFor(t, s), "good_share-by-auxiliary_weight")
	if len(f.Panels) != 2 || f.Panels[0].Title != "seen prompts" || f.Panels[1].Title != "unseen prompts" {
		t.Fatalf("panels %+v", f.Panels)
	}
	p := f.Panels[0]
	if diff := cmp.Diff([]string{"0*", "0.5", "2"}, p.X.Names); diff != "" {
		t.Error(diff)
	}
	if len(p.Rules) != 1 || p.Rules[0].Name != "base" || p.Rules[0].Style != figure.Baseline || p.Rules[0].Band == nil {
		t.Errorf("rules %+v", p.Rules)
	}
	if len(p.Series) != 1 || p.Series[0].Name != "full" {
		t.Fatalf("series %+v", p.Series)
	}
	var means, seeds []float64
	bars := 0
	for _, point := range p.Series[0].Points {
		if point.Small {
			seeds = append(seeds, point.X)
			continue
		}
		means = append(means, point.X)
		if point.YInterval != nil {
			bars++
		}
	}
	if diff := cmp.Diff([]float64{0, 0.5}, means); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{0, 0, 0, 0.5, 0.5}, seeds); diff != "" {
		t.Error(diff)
	}
	if bars != 1 {
		t.Errorf("%d intervals", bars)
	}
	for _, words := range []string{"n = 240 of 60 prompts a seed", "3 seeds", "small: each seed", "95 %", "base, which the variables do not touch"} {
		if !strings.Contains(f.Caption, words) {
			t.Errorf("the caption does not say %q: %s", words, f.Caption)
		}
	}
	if y := axisOf(quantityOf(metric.FID, part{})); y.Label != "FID (lower is better)" || *y.Least != 0 {
		t.Errorf("the axis of FID is %+v", y)
	}
}

// TestScaleOfValues: as the values lie.
func TestScaleOfValues(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   figure.Scale
	}{
		{[]float64{0, 0.5, 1}, figure.Linear}, {[]float64{1, 2, 3, 4, 5, 6}, figure.Linear}, {[]float64{100, 200}, figure.Linear},
		{[]float64{0.1, 0.25, 0.5, 1}, figure.Log}, {[]float64{1, 4, 16, 64}, figure.Log}, {[]float64{1e-6, 1e-5, 1e-4}, figure.Log},
		{[]float64{0, 0.001, 0.01, 1}, figure.Even}, {[]float64{-1, 0, 1}, figure.Linear}, {[]float64{1}, figure.Linear},
	} {
		if got := (varied{numbers: c.values}).scale(); got != c.want {
			t.Errorf("%v: %q, want %q", c.values, got, c.want)
		}
	}
	if got := (varied{values: []string{"a", "b"}}).scale(); got != figure.Even {
		t.Errorf("words: %q", got)
	}
}

// grid is a made-up ablation of some variables: each variant has a model whose share of
// good images is the sum of what its values weigh.
func grid(t *testing.T, rows []map[string]any, weigh func(map[string]any) float64) *synthetic {
	t.Helper()
	s := &synthetic{dir: t.TempDir(), records: map[string]*record.Record{}, run: &record.Run{Name: "grid"}}
	for i, values := range rows {
		v := record.Variant{Values: values, Name: fmt.Sprint(i), Seed: 1}
		for _, model := range []string{"base", "full"} {
			m := syntheticModel{name: model, good: 0.5, fid: 3}
			salt := ""
			if model == "full" {
				m.good, salt = weigh(values), fmt.Sprint(values)
			}
			s.stage(&v, record.Record{Node: "measure/main/alignment/" + model, Stage: measuring("alignment", model), Metrics: alignmentMetrics(m, salt)})
			s.stage(&v, record.Record{Node: "measure/main/fidelity/" + model, Stage: measuring("fidelity", model), Metrics: fidelityMetrics(m, salt)})
		}
		s.run.Variants = append(s.run.Variants, v)
	}
	return s
}

func product(names []string, values ...[]any) []map[string]any {
	rows := []map[string]any{{}}
	for i, name := range names {
		var longer []map[string]any
		for _, row := range rows {
			for _, value := range values[i] {
				one := map[string]any{name: value}
				for n, v := range row {
					one[n] = v
				}
				longer = append(longer, one)
			}
		}
		rows = longer
	}
	return rows
}

func flat(map[string]any) float64 { return 0.6 }

// TestVariablesOfAFigure: the numbers go along the axis, the second variable has the
// colours, the third the panels; words stand in the order of the file.
func TestVariablesOfAFigure(t *testing.T) {
	rows := product([]string{"steps", "loss", "solver"}, []any{100.0, 200.0, 400.0}, []any{"simple", "complex"}, []any{"ddim", "euler"})
	s := grid(t, rows, func(v map[string]any) float64 { return v["steps"].(float64) / 1000 })
	s.run.Varied = []record.Varied{{Name: "loss", Values: []any{"simple", "complex"}}, {Name: "solver", Values: []any{"euler", "ddim"}}, {Name: "steps", Values: []any{400.0, 100.0, 200.0}}}
	f := figureCalled(t, figuresFor(t, s), "good_share-by-steps")
	if len(f.Panels) != 4 || f.Columns != 2 || f.Panels[0].Title != "seen prompts, solver=ddim" {
		t.Fatalf("%d panels: %q", len(f.Panels), f.Panels[0].Title)
	}
	var names []string
	for _, series := range f.Panels[0].Series {
		names = append(names, series.Name)
		var xs []float64
		for _, point := range series.Points {
			xs = append(xs, point.X)
		}
		if slices.Sort(xs); !slices.Equal(xs, []float64{100, 200, 400}) {
			t.Errorf("%s stands at %v", series.Name, xs)
		}
	}
	if diff := cmp.Diff([]string{"full (loss=simple)", "full (loss=complex)"}, names); diff != "" {
		t.Error(diff)
	}

	words := grid(t, product([]string{"solver"}, []any{"ddim", "euler", "heun"}), flat)
	words.run.Varied = []record.Varied{{Name: "solver", Values: []any{"heun", "ddim", "euler"}}}
	f = figureCalled(t, figuresFor(t, words), "fid-by-solver")
	if diff := cmp.Diff([]string{"heun", "ddim", "euler"}, f.Panels[0].X.Names); diff != "" {
		t.Error(diff)
	}

	pairs := grid(t, []map[string]any{{"rate": 0.1, "part": "all"}, {"rate": 0.2, "part": "half"}, {"rate": 0.4, "part": "some"}}, flat)
	f = figureCalled(t, figuresFor(t, pairs), "fid-by-part-rate")
	if diff := cmp.Diff([]string{"all, 0.1", "half, 0.2", "some, 0.4"}, f.Panels[0].X.Names); diff != "" {
		t.Error(diff)
	}
}

// TestManyVariants: of many values of the second variable some have colours, and the
// caption says so; all that is drawn is laid out in no time.
func TestManyVariants(t *testing.T) {
	var steps, rates []any
	for i := range 25 {
		steps, rates = append(steps, float64(100*i+100)), append(rates, float64(i))
	}
	s := grid(t, product([]string{"rate", "steps"}, rates, steps), func(v map[string]any) float64 { return v["rate"].(float64) / 50 })
	all := figuresFor(t, s)
	f := figureCalled(t, all, "fid-by-rate")
	if n := len(f.Panels[0].Series); n != figure.Styles {
		t.Errorf("%d series", n)
	}
	if !strings.Contains(f.Caption, "Of 25 values of steps, 8 are drawn.") {
		t.Error(f.Caption)
	}
	for _, f := range all {
		f.Lay(figure.Layout{Width: figure.HalfWidth})
	}
}

// TestFront, by hand: of (1, 40), (2, 30), (3, 60), (4, 60) the first and the third have
// no better.
func TestFront(t *testing.T) {
	var p figure.Panel
	for _, at := range []figure.XY{{X: 4, Y: 60}, {X: 1, Y: 40}, {X: 3, Y: 60}, {X: 2, Y: 30}} {
		p.Series = append(p.Series, figure.Series{Points: []figure.Point{{XY: at}}})
	}
	if diff := cmp.Diff([]figure.XY{{X: 1, Y: 40}, {X: 3, Y: 40}, {X: 3, Y: 60}}, nondominated(p)); diff != "" {
		t.Error(diff)
	}
	f := figureCalled(t, figuresFor(t, syntheticExperiment(t)), "front")
	for _, words := range []string{"n = 480 of 120 prompts; one seed", "horizontal bars: 95 % of the difference from the baseline", "vertical bars: 95 % over prompts"} {
		if !strings.Contains(f.About, words) {
			t.Errorf("it does not say %q: %s", words, f.About)
		}
	}
	if rule := f.Panels[0].Rules[0]; !rule.Vertical || !strings.HasPrefix(rule.Name, "real, other draws: FID 1.") {
		t.Errorf("the rule is %+v", rule)
	}
}

// TestFrontFloor: the distance of real images is the number that the table has, over all
// seeds.
func TestFrontFloor(t *testing.T) {
	s := syntheticAblation(t)
	f := figureCalled(t, figuresFor(t, s), "front")
	for _, table := range Build(s.input()).Tables {
		for i, row := range table.Rows {
			for _, c := range table.Columns {
				if row.Subject != otherDraws || c.Key.Metric != metric.FID {
					continue
				}
				if value := table.Rows[i].Cell(c).Value; math.Abs(*value-f.Panels[0].Rules[0].At) > 1e-12 {
					t.Errorf("the rule is at %v, the table has %v", f.Panels[0].Rules[0].At, *value)
				}
				return
			}
		}
	}
	t.Error("no table has the distance")
}

// TestCurvesOfBrokenTrainings: values that are no numbers are left out, and told of; a
// curve of one step is no line.
func TestCurvesOfBrokenTrainings(t *testing.T) {
	s := syntheticExperiment(t)
	var rows []dataset.CurvePoint
	for step := range 200 {
		value := 1 / float64(step+1)
		if step > 150 {
			value = math.NaN()
		}
		rows = append(rows, dataset.CurvePoint{Step: int32(step), Name: "loss", Value: value})
	}
	rows = append(rows, dataset.CurvePoint{Step: 199, Name: "validation/kept_mse", Value: 1}, dataset.CurvePoint{Step: 199, Name: "learning_rate", Value: 1})
	s.run.Variants[0].Stages = slices.DeleteFunc(s.run.Variants[0].Stages, func(r record.StageRef) bool { return r.Kind == record.KindFit })
	s.stage(&s.run.Variants[0], record.Record{Node: "fit/broken", Stage: record.Stage{Kind: record.KindFit, Subject: "broken", Reward: "broken"},
		Outputs: map[string]record.Output{"curve": output(t, s, "broken.parquet", rows)}})
	f := figureCalled(t, figuresFor(t, s), "training-fitting")
	if len(f.Panels) != 1 || f.Panels[0].Y.Label != "loss (logarithmic)" {
		t.Errorf("panels %+v", f.Panels)
	}
	if !strings.Contains(f.Caption, "Left out: 49 values that are no numbers.") || !strings.Contains(f.Caption, "smoothed: mean over the 10 steps about each") {
		t.Error(f.Caption)
	}
}

// TestReliability, by hand: bins stand where their scores and shares are, with their
// counts; the line of calibrated scores goes from corner to corner.
func TestReliability(t *testing.T) {
	s := syntheticExperiment(t)
	var metrics []record.Metric
	for bin, share := range []float64{0.1, 0.4, 0.9} {
		m := record.Metric{Subject: "with_aux", Bin: bin + 1, N: 40 + bin, Clusters: 20, Protocol: map[string]string{metric.Calibrated: metric.AfterFit}}
		score, observed := m, m
		score.Name, score.Value = metric.ReliabilityScore, rounded(0.2+0.3*float64(bin))
		observed.Name, observed.Unit = metric.ReliabilityShare, record.Share
		metrics = append(metrics, score, around(observed, share, 0.05))
	}
	s.stage(&s.run.Variants[0], record.Record{Node: "measure/main/reward_card", Stage: measuring("reward_card", ""), Metrics: metrics})
	f := figureCalled(t, figuresFor(t, s), "reliability")
	if len(f.Panels) != 1 || len(f.Panels[0].Series) != 2 {
		t.Fatalf("panels %+v", f.Panels)
	}
	points := f.Panels[0].Series[1].Points
	if len(points) != 3 || points[2].XY != (figure.XY{X: 80, Y: 90}) || points[2].Name != "42" || math.Abs(points[0].YInterval.Low-5) > 1e-9 {
		t.Errorf("points %+v", points)
	}
	if diff := cmp.Diff([]figure.XY{{}, {X: 100, Y: 100}}, f.Panels[0].Series[0].Lines[0].Points); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(f.Caption, "fitted to the votes of other prompts") {
		t.Error(f.Caption)
	}
}

// TestFigureOfLittle: one model, one prompt, nothing measured: there is no figure of it,
// or one that can be laid out.
func TestFigureOfLittle(t *testing.T) {
	for _, of := range []func(*record.Record){
		func(r *record.Record) {
			r.Metrics = slices.DeleteFunc(r.Metrics, func(m record.Metric) bool { return m.Subject != "full" })
		},
		func(r *record.Record) {
			for i := range r.Metrics {
				r.Metrics[i].Value, r.Metrics[i].Low, r.Metrics[i].High = nil, nil, nil
			}
		},
		func(r *record.Record) {
			for i := range r.Metrics {
				r.Metrics[i].Low, r.Metrics[i].High, r.Metrics[i].N, r.Metrics[i].Clusters = nil, nil, 1, 1
			}
		},
		func(r *record.Record) {
			for i := range r.Metrics {
				broken := math.NaN()
				r.Metrics[i].Value, r.Metrics[i].Low = &broken, &broken
			}
		},
	} {
		s := syntheticExperiment(t)
		for _, r := range s.records {
			of(r)
		}
		for _, f := range figuresFor(t, s) {
			scene := f.Lay(figure.Layout{Width: figure.FullWidth})
			if strings.Contains(fmt.Sprint(scene.Texts), "NaN") {
				t.Errorf("%s says NaN", f.Name)
			}
			var b bytes.Buffer
			if err := scene.WriteSVG(&b, f.Title, f.Caption); err != nil || bytes.Contains(b.Bytes(), []byte("NaN")) {
				t.Errorf("%s has a place that is no number, %v", f.Name, err)
			}
		}
	}
}

// TestFileNames: signs that file systems or LaTeX do not take become dashes.
func TestFileNames(t *testing.T) {
	for name, want := range map[string]string{"good_share-by-λ": "good_share-by--", "a/b c.d": "a-b-c-d", "training-fine-tuning": "training-fine-tuning"} {
		if got := fileName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

// TestCheckpointsFigure: the reward, the judge and FID by step; where the first two part, and
// which step is kept.
func TestCheckpointsFigure(t *testing.T) {
	f := figureCalled(t, figuresFor(t, watchedSynthetic(t, 100)), "checkpoints-full")
	if len(f.Panels) != 3 {
		t.Fatalf("panels %+v", f.Panels)
	}
	for i, label := range []string{"mean score of with_aux, tuned by", "good by crowd, the judge, %", "FID (lower is better)"} {
		p := f.Panels[i]
		if p.Y.Label != label {
			t.Errorf("panel %d shows %q", i, p.Y.Label)
		}
		if diff := cmp.Diff([]float64{0, 100, 200, 300}, []float64{p.Series[0].Points[0].X, p.Series[0].Points[1].X, p.Series[0].Points[2].X, p.Series[0].Points[3].X}); diff != "" {
			t.Error(diff)
		}
		if len(p.Rules) != 2 || *p.Rules[0].Band != (figure.Interval{Low: 100, High: 300}) || p.Rules[1].At != 100 {
			t.Errorf("rules %+v", p.Rules)
		}
	}
	if got := f.Panels[1].Series[0].Points[3].Y; math.Abs(got-35) > 1e-9 {
		t.Errorf("at step 300 the judge says %v", got)
	}
	if s := f.Lay(figure.Layout{Width: figure.FullWidth}); len(s.Keys) != 2 || !s.Keys[0].Band || len(s.Left) > 0 {
		t.Errorf("keys %+v", s.Keys)
	}
}
