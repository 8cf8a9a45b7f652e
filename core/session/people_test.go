package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/people/database"
	"github.com/plumb-ml/plumb/core/plan"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/run"
	"github.com/plumb-ml/plumb/core/session"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const askedExperiment = `
experiment "asked" {}

prompts "colour" {
  template = "a {colour} ring"
  slots    = { colour = ["red", "green"] }
}

sampler "shapes_scenes" "world" {}

images "drawn" {
  sampler    = sampler.world
  prompts    = prompts.all
  per_prompt = 3
}

labels "people" {
  images = images.drawn

  people {}
}

comparisons "people" {
  images     = images.drawn
  per_prompt = 2

  people {}
}

evaluate "main" {
  models     = [sampler.world]
  prompts    = prompts.all
  per_prompt = 2

  alignment {
    people { per_image = 2 }
  }
}
`

// asked is an experiment that asks people, in a directory of its own.
type asked struct {
	t    *testing.T
	dir  string
	text string
	said int // judgements so far
}

func newAsked(t *testing.T, text string) *asked {
	return &asked{t: t, dir: t.TempDir(), text: text}
}

func (a *asked) load() (*session.Session, error) {
	file := filepath.Join(a.dir, "experiment.hcl")
	if err := os.WriteFile(file, []byte(a.text), 0o644); err != nil {
		a.t.Fatal(err)
	}
	o, err := options(a.dir)
	if err != nil {
		a.t.Fatal(err)
	}
	o.Runs = filepath.Join(a.dir, "runs")
	s, err := session.Load(a.t.Context(), file, o)
	if err == nil {
		a.t.Cleanup(s.Close)
	}
	return s, err
}

// run runs the experiment as it is now.
func (a *asked) run() (*session.Session, *run.Result) {
	a.t.Helper()
	s, err := a.load()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := s.Check(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	result, err := s.Run(a.t.Context(), session.RunOptions{Label: "plumb label experiment.hcl"})
	if err != nil {
		a.t.Fatal(err)
	}
	if err := s.Stop(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	return s, result
}

// ask lists what people are asked, by question.
func (a *asked) ask(s *session.Session) map[string]session.Asked {
	a.t.Helper()
	all, err := s.Ask(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	byName := map[string]session.Asked{}
	for _, one := range all {
		byName[one.Name] = one
	}
	return byName
}

// say has somebody answer, without a page.
func (a *asked) say(question, rater, answer string, items ...people.Item) {
	a.t.Helper()
	a.write(func(ctx context.Context, d *database.Database) error {
		for _, item := range items {
			a.said++
			if err := d.Add(ctx, people.Judgement{
				ID: fmt.Sprint("judgement ", a.said), Question: question, Item: item.ID, Images: item.Images, Prompt: item.Prompt, Category: item.Category,
				Rater: rater, Purpose: people.Asked, Answers: people.Answers{people.Alignment: answer}, Shown: item.Images, Time: time.Now(),
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *asked) database() string {
	return filepath.Join(a.dir, "runs", "asked.people", "judgements.sqlite")
}

func (a *asked) write(do func(context.Context, *database.Database) error) {
	a.t.Helper()
	d, err := database.Open(a.database())
	if err != nil {
		a.t.Fatal(err)
	}
	if err := errors.Join(do(a.t.Context(), d), d.Close()); err != nil {
		a.t.Fatal(err)
	}
}

// outcome is how a stage ended.
func (a *asked) outcome(s *session.Session, result *run.Result, stage string) run.Outcome {
	a.t.Helper()
	for _, node := range s.Plan.Nodes {
		if node.Name == stage {
			return result.Outcomes[node]
		}
	}
	a.t.Fatalf("there is no stage %s", stage)
	return run.Outcome{}
}

// labels are the rows of a table of labels, as IMAGE RATER LABEL.
func (a *asked) labels(s *session.Session, made *record.Record) []string {
	a.t.Helper()
	reader, err := s.Reader()
	if err != nil {
		a.t.Fatal(err)
	}
	path, err := reader.File(made.Outputs[plan.Labels])
	if err != nil {
		a.t.Fatal(err)
	}
	rows, err := table.ReadAll[table.Label](path)
	if err != nil {
		a.t.Fatal(err)
	}
	var text []string
	for _, row := range rows {
		text = append(text, row.ImageID+" "+row.Rater+" "+row.Label)
	}
	return text
}

func (a *asked) statuses(s *session.Session, result *run.Result) string {
	var all []string
	for _, node := range s.Plan.Nodes {
		all = append(all, node.Name+" "+string(result.Outcomes[node].Status))
	}
	return strings.Join(all, ", ")
}

// waits is what a waiting stage says.
func (a *asked) waits(s *session.Session, result *run.Result, stage string) string {
	a.t.Helper()
	outcome := a.outcome(s, result, stage)
	if outcome.Status != record.Waiting || len(outcome.Diagnostics) != 1 {
		a.t.Fatalf("%s is %s: %v", stage, outcome.Status, outcome.Diagnostics)
	}
	return outcome.Diagnostics[0].Summary + " | " + outcome.Diagnostics[0].Detail
}

// TestPeopleAreAsked: what they judge is drawn, the stages wait in so many words, and go
// on from what was said, which outlives runs and is bound to what images show.
func TestPeopleAreAsked(t *testing.T) {
	a := newAsked(t, askedExperiment)
	s, result := a.run()
	if result.Run.State != record.RunWaiting || result.Waiting != 3 || result.Failed != 0 {
		t.Fatalf("%s: %s", result.Run.State, a.statuses(s, result))
	}
	first := result.Run
	if got := a.waits(s, result, "rate/people"); !strings.HasPrefix(got, "6 of 6 images wait for 1 more judgement each | ") || !strings.HasSuffix(got, "\n\n  plumb label experiment.hcl") {
		t.Error(got)
	}
	if got := a.waits(s, result, "rate/main/world"); !strings.HasPrefix(got, "4 of 4 images wait for 2 more judgements each | ") {
		t.Error(got)
	}
	if got := a.waits(s, result, "compare/people"); !strings.HasPrefix(got, "4 of 4 pairs wait for 1 more judgement each | ") {
		t.Error(got)
	}
	if a.dir+"/runs/asked.people/judgements.sqlite" != s.Judgements() {
		t.Error(s.Judgements())
	}

	questions := a.ask(s)
	labels, main, pairs := questions["labels/people"], questions["evaluate/main/alignment"], questions["comparisons/people"]
	if len(questions) != 3 || len(labels.Items) != 6 || len(main.Items) != 4 || len(pairs.Items) != 4 || labels.Raters != 1 || main.Raters != 2 ||
		labels.Kind != people.Rate || pairs.Kind != people.Compare || labels.Complete || len(labels.Undrawn) > 0 || len(labels.Names) != 6 || labels.Together != 3 {
		t.Fatalf("%+v", questions)
	}
	for _, item := range pairs.Items {
		if len(item.Images) != 2 || !slices.IsSorted(item.Images) || item.ID != people.ItemID(item.Images...) || item.Prompt == "" {
			t.Errorf("%+v", item)
		}
	}
	content, kind, err := s.Image(t.Context(), labels.Items[4].Images[0])
	if err != nil || kind != "image/png" {
		t.Fatal(kind, err)
	}
	if picture, err := png.Decode(bytes.NewReader(content)); err != nil || picture.Bounds().Dx() != 32 {
		t.Error(err)
	}
	if _, _, err := s.Image(t.Context(), "0123456789abcdef0123456789abcdef"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}

	// Somebody begins.
	a.say(labels.Name, "ana", people.Good, labels.Items[:5]...)
	a.say(main.Name, "ana", people.Good, main.Items...)
	a.say(main.Name, "ben", people.Bad, main.Items[1:3]...)
	if after := a.ask(s)["labels/people"]; after.Complete || len(after.Items) != 6 {
		t.Errorf("%+v", after)
	}
	s, result = a.run()
	if got := a.waits(s, result, "rate/people"); !strings.HasPrefix(got, "1 of 6 images waits for 1 more judgement | ") {
		t.Error(got)
	}
	if got := a.waits(s, result, "rate/main/world"); !strings.HasPrefix(got, "2 of 4 images wait for 1 more judgement each | ") {
		t.Error(got)
	}
	if result.Run.ID == first.ID || result.Run.Basis != first.Basis {
		t.Error("a run that has more answers has another ID, and goes on with the one that waited")
	}
	if listed, err := must(s.Reader()).Runs(); err != nil || len(listed) != 1 {
		t.Errorf("%d runs, %v", len(listed), err)
	}

	// All is answered.
	a.say(labels.Name, "ben", people.Skip, labels.Items[5])
	a.say(main.Name, "ben", people.Good, main.Items[0], main.Items[3])
	a.say(pairs.Name, "ana", people.First, pairs.Items[:3]...)
	a.say(pairs.Name, "ana", people.Skip, pairs.Items[3])
	for name, question := range a.ask(s) {
		if !question.Complete {
			t.Errorf("%s is not complete", name)
		}
	}
	s, result = a.run()
	if got, want := a.statuses(s, result), "sample/drawn cached, rate/people done, compare/people done, sample/main/world cached, rate/main/world done, measure/main/alignment/world done"; got != want {
		t.Fatalf("%s\nwant %s", got, want)
	}
	rated := a.outcome(s, result, "rate/people").Record
	name := map[string]string{}
	for id, blind := range labels.Names {
		name[blind] = id
	}
	var want []string
	for i, item := range labels.Items {
		want = append(want, name[item.ID]+map[bool]string{true: " ana good", false: " ben skip"}[i < 5])
	}
	if got := a.labels(s, rated); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	compared := a.outcome(s, result, "compare/people").Record
	if compared.Items != 3 || compared.Outputs[plan.Comparisons].Rows != 3 || len(compared.Warnings) != 1 || !strings.HasPrefix(compared.Warnings[0], "1 pair") {
		t.Errorf("%+v", compared)
	}
	reader := must(s.Reader())
	rows, err := table.ReadAll[table.Comparison](must(reader.File(compared.Outputs[plan.Comparisons])))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows { // "first" is the image whose name comes first, wherever it stands
		better, worse := row.First, row.Second
		if row.Choice == people.Second {
			better, worse = worse, better
		}
		if row.Rater != "ana" || pairs.Names[better] > pairs.Names[worse] {
			t.Errorf("%+v", row)
		}
	}
	judged := func(m record.Metric) bool { return m.Name == metric.GoodShare && m.Value != nil }
	if !slices.ContainsFunc(a.outcome(s, result, "measure/main/alignment/world").Record.Metrics, judged) {
		t.Error("the share of good images is not measured")
	}

	// Nothing runs again.
	s, result = a.run()
	if got := a.statuses(s, result); strings.Count(got, "cached") != 6 {
		t.Error(got)
	}

	// What is said of other images runs the stage again, and nothing after it.
	a.say(labels.Name, "ana", people.Good, people.Item{ID: strings.Repeat("0", 32), Images: []string{strings.Repeat("0", 32)}, Prompt: "another"})
	s, result = a.run()
	again := a.outcome(s, result, "rate/people")
	if again.Status != record.Done || again.Record.Key == rated.Key || again.Record.Outputs[plan.Labels].Digest != rated.Outputs[plan.Labels].Digest {
		t.Errorf("%s, %+v", again.Status, again.Record.Outputs)
	}
	if got := a.statuses(s, result); strings.Count(got, "cached") != 5 {
		t.Error(got)
	}

	// Another rater joins: what others said stays as it was.
	a.say(labels.Name, "abe", people.Bad, labels.Items[0])
	s, result = a.run()
	joined := a.labels(s, a.outcome(s, result, "rate/people").Record)
	if wanted := append([]string{strings.Replace(want[0], "ana good", "abe bad", 1)}, want...); !slices.Equal(joined, wanted) {
		t.Errorf("%q, want %q", joined, wanted)
	}

	// An image is reported.
	a.write(func(ctx context.Context, d *database.Database) error {
		return d.Report(ctx, "ana", labels.Items[5].Images[0], "not nice")
	})
	s, result = a.run()
	reported := a.outcome(s, result, "rate/people").Record
	if got := a.labels(s, reported); len(got) != 6 || len(reported.Warnings) != 1 || !strings.HasPrefix(reported.Warnings[0], "1 of the images") {
		t.Errorf("%q, %q", got, reported.Warnings)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// TestJudgementsAreNamedByContent: another seed of something else, another name of the
// sampler, more images: what was said of an image stands.
func TestJudgementsAreNamedByContent(t *testing.T) {
	a := newAsked(t, askedExperiment)
	s, _ := a.run()
	labels := a.ask(s)["labels/people"]
	a.say(labels.Name, "ana", people.Good, labels.Items...)
	a.text = strings.NewReplacer("sampler.world", "sampler.painter", `"shapes_scenes" "world"`, `"shapes_scenes" "painter"`, "per_prompt = 3", "per_prompt = 4").Replace(askedExperiment)
	s, result := a.run()
	if got := a.waits(s, result, "rate/people"); !strings.HasPrefix(got, "2 of 8 images wait for 1 more judgement each") {
		t.Error(got)
	}
	a.text = strings.Replace(askedExperiment, "people {}", "people { per_image = 2 }", 1)
	s, result = a.run()
	if got := a.waits(s, result, "rate/people"); !strings.HasPrefix(got, "6 of 6 images wait for 1 more judgement each") {
		t.Error(got)
	}
	a.text = strings.Replace(askedExperiment, `labels "people"`, `labels "crowd"`, 1)
	s, result = a.run()
	if got := a.waits(s, result, "rate/crowd"); !strings.Contains(got, "Of 6 of these images people have answered another question, labels/people: ") {
		t.Error(got)
	}
	a.text = strings.Replace(askedExperiment, "images = images.drawn\n\n  people {}", "images = images.drawn\n  fraction = 0.5\n\n  people {}", 1)
	s, result = a.run()
	rated := a.outcome(s, result, "rate/people")
	if rated.Status != record.Done || rated.Record.Items != 3 || len(a.ask(s)["labels/people"].Items) != 3 {
		t.Errorf("%s, %+v", rated.Status, rated.Record)
	}
}

// TestKnownAnswers: nobody is asked about an image whose label is known but to be
// checked, and the label is the known one.
func TestKnownAnswers(t *testing.T) {
	a := newAsked(t, strings.Replace(askedExperiment, "people {}", `people { gold = "gold.csv" }`, 1))
	s, result := a.run()
	if got := a.waits(s, result, "rate/people"); !strings.HasPrefix(got, "There are no known answers yet in ") || !strings.Contains(got, "--label-sheet") {
		t.Error(got)
	}
	questions := a.ask(s)
	if got := questions["labels/people"]; len(got.Items) != 0 || len(got.Problems) != 1 || len(questions["comparisons/people"].Items) != 4 {
		t.Errorf("%+v", got)
	}
	var ids []string
	for id := range questions["comparisons/people"].Names {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	gold := filepath.Join(a.dir, "gold.csv")
	write := func(text string) {
		if err := os.WriteFile(gold, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("image_id,label\n" + ids[0] + ",bad\n" + ids[1] + ",god\nnobody,good\n")
	s, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	var list diag.List
	if err := s.Check(t.Context()); !errors.As(err, &list) || len(list) != 2 || list[0].Subject.Start.Line != 3 || list[1].Subject.Start.Line != 4 {
		t.Errorf("%v", err)
	}
	write("image_id,label,rater\n" + ids[0] + ",bad,x\n" + ids[0] + ",good,y\n")
	s, result = a.run()
	if failed := a.outcome(s, result, "rate/people"); failed.Status != record.Failed || !strings.Contains(failed.Diagnostics.Error(), "contradict") {
		t.Errorf("%s: %v", failed.Status, failed.Diagnostics)
	}

	write("image_id,label\n" + ids[0] + ",bad\n" + ids[3] + ",good\n")
	s, result = a.run()
	if got := a.waits(s, result, "rate/people"); !strings.HasPrefix(got, "4 of 4 images wait for 1 more judgement each") {
		t.Error(got)
	}
	labels := a.ask(s)["labels/people"]
	if len(labels.Items) != 6 || len(labels.Gold) != 2 {
		t.Fatalf("%+v", labels)
	}
	for _, item := range labels.Items {
		if !slices.ContainsFunc(labels.Gold, func(g people.Gold) bool { return g.Item == item.ID }) {
			a.say(labels.Name, "ana", people.Good, item)
		}
	}
	s, result = a.run()
	rated := a.outcome(s, result, "rate/people")
	if rated.Status != record.Done {
		t.Fatalf("%s: %v", rated.Status, rated.Diagnostics)
	}
	got := a.labels(s, rated.Record)
	if len(got) != 6 || !slices.Contains(got, ids[0]+" gold bad") || !slices.Contains(got, ids[3]+" gold good") || !slices.Contains(got, ids[1]+" ana good") {
		t.Errorf("%q", got)
	}
}

// TestUncertainImagesComeFirst by the scores of the reward that the block names, as soon
// as these are there.
func TestUncertainImagesComeFirst(t *testing.T) {
	a := newAsked(t, strings.Replace(askedExperiment, "people {}", "people {\n order = \"uncertain\"\n by = reward.clip\n}", 1)+`
encoder "shapes_clip" "clip" {}
reward "clip_score" "clip" { encoder = encoder.clip }
`)
	s, result := a.run()
	scored := a.outcome(s, result, "score/drawn/clip").Record
	if scored == nil {
		t.Fatal(a.statuses(s, result))
	}
	scores, err := table.ReadAll[table.Score](must(must(s.Reader()).File(scored.Outputs[plan.Scores])))
	if err != nil {
		t.Fatal(err)
	}
	labels := a.ask(s)["labels/people"]
	slices.SortFunc(scores, func(a, b table.Score) int {
		return strings.Compare(fmt.Sprintf("%020.9f", a.Score+100), fmt.Sprintf("%020.9f", b.Score+100))
	})
	byID := map[string]float64{}
	for _, item := range labels.Items {
		byID[item.ID] = item.Priority
	}
	// Of six scores the two in the middle are nearest to their median.
	middle := []float64{byID[labels.Names[scores[2].ImageID]], byID[labels.Names[scores[3].ImageID]]}
	for _, at := range []int{0, 1, 4, 5} {
		if p := byID[labels.Names[scores[at].ImageID]]; p > min(middle[0], middle[1]) || p >= 0 {
			t.Errorf("image %d of the scores has the priority %g, those in the middle %g", at, p, middle)
		}
	}
}

// TestDamagedJudgements are told, with the block that asks.
func TestDamagedJudgements(t *testing.T) {
	a := newAsked(t, askedExperiment)
	if err := os.MkdirAll(filepath.Dir(a.database()), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.database(), bytes.Repeat([]byte("no database "), 500), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := a.load()
	var list diag.List
	if !errors.As(err, &list) || list[0].Subject.Start.Line == 0 || !errors.Is(err, database.ErrDamaged) && !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
}

// TestKnownChoices: a pair whose choice is known is asked about to check raters, drawn
// or not, and has the known choice, whichever of its images the file calls first.
func TestKnownChoices(t *testing.T) {
	a := newAsked(t, strings.Replace(askedExperiment, "per_prompt = 2\n\n  people {}", "per_prompt = 1\n\n  people { gold = \"pairs.csv\" }", 1))
	s, _ := a.run()
	names := a.ask(s)["labels/people"].Names
	var ids []string
	for id := range names {
		ids = append(ids, id)
	}
	slices.Sort(ids) // three of the one prompt, three of the other
	text := "first,second,choice\n"
	for _, pair := range [][2]int{{0, 1}, {2, 0}, {1, 2}} {
		text += ids[pair[0]] + "," + ids[pair[1]] + ",second\n"
	}
	if err := os.WriteFile(filepath.Join(a.dir, "pairs.csv"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, result := a.run()
	if got := a.waits(s, result, "compare/people"); !strings.HasPrefix(got, "1 of 1 pairs waits for 1 more judgement | ") {
		t.Error(got)
	}
	pairs := a.ask(s)["comparisons/people"]
	if len(pairs.Items) != 4 || len(pairs.Gold) != 3 { // the drawn pair of the other prompt, and all of this one
		t.Fatalf("%+v", pairs)
	}
	open := slices.IndexFunc(pairs.Items, func(item people.Item) bool {
		return !slices.ContainsFunc(pairs.Gold, func(g people.Gold) bool { return g.Item == item.ID })
	})
	a.say(pairs.Name, "ana", people.Tie, pairs.Items[open])
	s, result = a.run()
	compared := a.outcome(s, result, "compare/people")
	if compared.Status != record.Done || compared.Record.Items != 4 {
		t.Fatalf("%s: %v", compared.Status, compared.Diagnostics)
	}
	rows, err := table.ReadAll[table.Comparison](must(must(s.Reader()).File(compared.Record.Outputs[plan.Comparisons])))
	if err != nil {
		t.Fatal(err)
	}
	better := map[string]bool{}
	for _, row := range rows {
		switch {
		case row.Rater == "ana" && row.Choice == people.Tie:
		case row.Rater != people.GoldRater:
			t.Errorf("%+v", row)
		case row.Choice == people.First:
			better[row.First+" "+row.Second] = true
		default:
			better[row.Second+" "+row.First] = true
		}
	}
	if len(rows) != 4 || !better[ids[1]+" "+ids[0]] || !better[ids[0]+" "+ids[2]] || !better[ids[2]+" "+ids[1]] {
		t.Errorf("%+v", rows)
	}
}

// TestModelsAreJudgedTogether: of an evaluation nothing is asked before the images of all
// models are there.
func TestModelsAreJudgedTogether(t *testing.T) {
	a := newAsked(t, strings.Replace(askedExperiment, "models     = [sampler.world]", "models     = [sampler.world, sampler.other]", 1)+`
sampler "shapes_scenes" "other" { color_error = 1 }
`)
	s, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	if none := a.ask(s)["labels/people"]; len(none.Items) != 0 || !slices.Equal(none.Undrawn, []string{"sample/drawn"}) {
		t.Errorf("%+v", none)
	}
	until := func(stage string) {
		result, err := s.Run(t.Context(), session.RunOptions{Asked: run.Asked{Only: run.Until(must(s.Plan.Find(stage)))}})
		if err != nil || result.Failed > 0 {
			t.Fatal(err, result)
		}
	}
	until("sample/main/world")
	if half := a.ask(s)["evaluate/main/alignment"]; len(half.Items) != 0 || half.Complete || !slices.Equal(half.Undrawn, []string{"sample/main/other"}) {
		t.Errorf("%+v", half)
	}
	until("sample/main/other")
	all := a.ask(s)["evaluate/main/alignment"]
	if len(all.Items) != 8 || len(all.Undrawn) != 0 || len(all.Names) != 0 { // both models' images have the same IDs
		t.Errorf("%+v", all)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
