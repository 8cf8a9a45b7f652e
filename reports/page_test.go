package reports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
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
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
	"github.com/plumb-ml/plumb/reports/page"
)

// judged adds to a made-up run what raters and rewards say of the images of its first
// variant, and the share of good images by prompt: image i of model m is called good by
// the first (3i + 4m) mod 10 of nine raters.
func (s *synthetic) judged(t *testing.T) *synthetic {
	t.Helper()
	v := &s.run.Variants[0]
	for m, model := range syntheticModels {
		at := slices.IndexFunc(v.Stages, func(r record.StageRef) bool { return r.Stage == about(record.KindSample, model.name) })
		if at < 0 {
			continue
		}
		images, err := table.ReadAll[table.Image](filepath.Join(s.dir, s.records[v.Stages[at].Key].Outputs["images"].Digest))
		if err != nil {
			t.Fatal(err)
		}
		var labels []table.Label
		scores := map[string][]table.Score{}
		shares := map[string]*dataset.PromptValue{}
		var prompts []string
		for i, row := range images {
			good := (3*i + 4*m) % 10
			for rater := range 9 {
				label := map[bool]string{true: "good", false: "bad"}[rater < good]
				if i == 1 {
					label = "skip"
				}
				labels = append(labels, table.Label{ImageID: row.ID, Prompt: row.Prompt, Category: row.Category, Split: row.Split, Rater: fmt.Sprint(rater), Label: label})
			}
			for r, reward := range []string{"clip", "with_aux"} {
				scores[reward] = append(scores[reward], table.Score{ImageID: row.ID, Prompt: row.Prompt, Category: row.Category, Split: row.Split, Score: float64(i+m+100*r) / 8})
			}
			if i == 1 {
				continue
			}
			if shares[row.Prompt] == nil {
				prompts = append(prompts, row.Prompt)
				shares[row.Prompt] = &dataset.PromptValue{Metric: metric.GoodShare, Subject: model.name, Prompt: row.Prompt, Category: row.Category, Split: row.Split}
			}
			shares[row.Prompt].N++
			if good > 4 {
				shares[row.Prompt].Value++
			}
		}
		var values []dataset.PromptValue
		for _, prompt := range prompts {
			shares[prompt].Value /= float64(shares[prompt].N)
			values = append(values, *shares[prompt])
		}
		s.records[v.Stages[slices.IndexFunc(v.Stages, func(r record.StageRef) bool { return r.Stage == about(record.KindRate, model.name) })].Key].Outputs =
			map[string]record.Output{"labels": output(t, s, "labels-"+model.name, labels)}
		s.records[v.Stages[slices.IndexFunc(v.Stages, func(r record.StageRef) bool { return r.Stage == measuring("alignment", model.name) })].Key].Outputs =
			map[string]record.Output{"values": output(t, s, "values-"+model.name, values)}
		for _, reward := range []string{"clip", "with_aux"} {
			stage := about(record.KindScore, model.name)
			stage.Reward = reward
			s.stage(v, record.Record{Node: "score/main/" + model.name + "/" + reward, Stage: stage, Outputs: map[string]record.Output{"scores": output(t, s, "scores-"+model.name+reward, scores[reward])}})
		}
	}
	return s
}

func pageFor(t *testing.T, s *synthetic) page.Page {
	t.Helper()
	c, err := gather(t.Context(), s.input())
	if err != nil {
		t.Fatal(err)
	}
	return c.page()
}

// pageBytes is the page of a made-up run.
func pageBytes(t *testing.T, s *synthetic) string {
	t.Helper()
	p := pageFor(t, s)
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPageVerdict: of six comparisons or fewer each is told; of more, those that are
// decided, and how many there are of each kind.
func TestPageVerdict(t *testing.T) {
	for _, c := range []struct {
		run  *synthetic
		want []page.Claim
	}{
		{syntheticExperiment(t), []page.Claim{
			{Text: "By the raters' votes, labelled is not distinguishable from base (+8.6 ±6.8 points, p 0.172); full is better than base (+19.9 ±6.8 points, p 0.008)."},
			{Text: "On unseen prompts, labelled is not distinguishable from base (+7.5 ±9.7 points, p 0.172); full is better than base (+16.2 ±9.7 points, p 0.018)."},
			{Text: "By distance from real images (FID), labelled is not distinguishable from base (+4.7 ±1.2, p 0.076); full is not distinguishable from base (+1.1 ±1.2, p 0.166)."},
			{Text: "By agreement with the raters on pairs of images, with_aux is not distinguishable from clip (+2.0 ±6.0 points, p 0.234)."},
		}},
		{syntheticAblation(t), []page.Claim{
			{Text: "Over the seeds, of 14 comparisons: 4 better, 5 not tested, 5 not measured.", Items: []string{
				"pairs, unseen % of with_aux (auxiliary_weight=0.5) is better than auxiliary_weight=0 (+2.6 ±0.6 points, p 0.006)",
				"pairs, unseen % of with_aux (auxiliary_weight=2) is better than auxiliary_weight=0 (+9.7 ±1.2 points, p 0.003)",
				"AUC, unseen % of with_aux (auxiliary_weight=0.5) is better than auxiliary_weight=0 (+2.6 ±0.6 points, p 0.006)",
				"AUC, unseen % of with_aux (auxiliary_weight=2) is better than auxiliary_weight=0 (+9.7 ±1.2 points, p 0.003)",
			}},
		}},
	} {
		report := Build(c.run.input())
		want := []page.Verdict{{Claims: c.want}}
		if diff := cmp.Diff(want, verdicts(c.run.run, variantsOf(c.run.input()), report.Tables)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.run.run.Name, diff)
		}
	}
}

// TestPageSaysWhatTheTablesSay: every number of the verdict stands in a table, beside
// the model that it is of.
func TestPageSaysWhatTheTablesSay(t *testing.T) {
	report := Build(syntheticExperiment(t).input())
	for _, of := range report.Tables {
		sentence := of.claim(of.Claim, func(row Row) bool { return row.Headline }).Text
		for i, row := range of.Rows {
			if !row.Headline || of.Claim == "" {
				continue
			}
			found := false
			for column := range of.Columns {
				value, interval := of.written(i, column)
				found = found || interval != "" && strings.Contains(sentence, row.Subject+" is ") && strings.Contains(sentence, joined(value, interval))
			}
			if !found {
				t.Errorf("%s: %q does not have the row of %s", of.ID, sentence, row.Subject)
			}
		}
	}
}

func TestPageWithoutComparisons(t *testing.T) {
	s := syntheticExperiment(t)
	for _, v := range s.run.Variants {
		for i := range v.Stages {
			v.Stages[i].Baseline = ""
		}
	}
	for _, r := range s.records {
		r.Metrics = slices.DeleteFunc(r.Metrics, func(m record.Metric) bool { return m.Versus != "" && m.Versus != "world" })
	}
	report := Build(s.input())
	got := verdicts(s.run, variantsOf(s.input()), report.Tables)
	want := []page.Verdict{{Claims: []page.Claim{{Text: "The models are not compared: no baseline is set."}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, r := range s.records {
		r.Metrics = nil
	}
	got = verdicts(s.run, variantsOf(s.input()), nil)
	if len(got) != 1 || got[0].Claims[0].Text != "Nothing was measured yet." {
		t.Errorf("without any number: %+v", got)
	}
	s.run.Variants[0].Stages = nil
	if !strings.Contains(pageBytes(t, s), "Nothing was measured yet.") {
		t.Error("a run that measured nothing does not say so")
	}
}

// TestPageIsWholeAndTheSame: all parts in order, the same bytes each time, one style and
// one script, which the policy names by their digests, and nothing from elsewhere.
func TestPageIsWholeAndTheSame(t *testing.T) {
	for name, s := range map[string]*synthetic{"experiment": syntheticExperiment(t).judged(t), "ablation": syntheticAblation(t)} {
		got := pageBytes(t, s)
		if again := pageBytes(t, s); got != again {
			t.Errorf("%s: two pages of the same records differ", name)
		}
		last := 0
		for _, part := range []string{`<section id="verdict"`, `<section id="tables"`, `<section id="plots"`, `<section id="images"`, `<section id="provenance"`, "<script>"} {
			at := strings.Index(got, part)
			if at < last {
				t.Errorf("%s: %s is at %d, after %d", name, part, at, last)
			}
			last = at
		}
		for _, block := range []string{"style", "script"} {
			content := got[strings.Index(got, "<"+block+">")+len(block)+2 : strings.Index(got, "</"+block+">")]
			sum := sha256.Sum256([]byte(content))
			digest := strings.ReplaceAll("sha256-"+base64.StdEncoding.EncodeToString(sum[:]), "+", "&#43;")
			if !strings.Contains(got, digest) {
				t.Errorf("%s: the policy lacks %s of the %s", name, digest, block)
			}
			if len(content) > 30<<10 {
				t.Errorf("the %s has %d bytes", block, len(content))
			}
		}
		for _, foreign := range []string{"http://", "https://", "ZgotmplZ", " style=", " onclick=", ">NaN"} {
			if strings.Contains(got, foreign) {
				t.Errorf("%s: the page has %q", name, foreign)
			}
		}
		for _, of := range Build(s.input()).Tables {
			if !strings.Contains(got, ">"+strings.NewReplacer("+", "&#43;", "'", "&#39;").Replace(of.Title)+"</h3>") {
				t.Errorf("%s: no table %q", name, of.Title)
			}
		}
	}
}

// hostile is words that would break out of every place they are put in.
const hostile = `</script><script>window.broken = 1</script><img src=x onerror="window.broken=1">'"` + "`{{.}}"

// withHostileWords puts hostile words wherever a run has words of its users.
func withHostileWords(t *testing.T) *synthetic {
	t.Helper()
	s := syntheticExperiment(t).judged(t)
	s.run.Name, s.run.Description, s.run.Notices = hostile, hostile, []string{hostile}
	s.run.Variables = map[string]string{hostile: hostile}
	for _, r := range s.records {
		for role, o := range r.Outputs {
			if role != "images" {
				continue
			}
			path := filepath.Join(s.dir, o.Digest)
			rows, err := table.ReadAll[table.Image](path)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if rows[i].Prompt == "a red circle" {
					rows[i].Prompt, rows[i].Category = hostile, hostile
				}
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := table.WriteAll(path, rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

func TestPageEscapes(t *testing.T) {
	got := pageBytes(t, withHostileWords(t))
	if n := strings.Count(got, "<script"); n != 1 {
		t.Errorf("%d scripts", n)
	}
	if n := strings.Count(got, "window.broken"); n < 6 {
		t.Errorf("the words stand in %d places only", n)
	}
	if strings.Contains(got, "<img src=x") {
		t.Error("words became an element")
	}
}

// TestPageOfSeveralEvaluations: each has its verdict and its images, under its name.
func TestPageOfSeveralEvaluations(t *testing.T) {
	s := syntheticExperiment(t).judged(t)
	v := &s.run.Variants[0]
	for _, ref := range slices.Clone(v.Stages) {
		if ref.Evaluation == "main" {
			ref.Evaluation = "second"
			v.Stages = append(v.Stages, ref)
		}
	}
	p := pageFor(t, s)
	for i, name := range []string{"main", "second"} {
		if len(p.Verdicts) != 2 || p.Verdicts[i].Evaluation != name || len(p.Verdicts[i].Claims) != 4 {
			t.Errorf("verdicts %+v", p.Verdicts)
		}
		if len(p.Grids) != 2 || p.Grids[i].Evaluation != name || len(p.Grids[i].Rows) != 10 {
			t.Fatalf("%d grids", len(p.Grids))
		}
	}
	if p.Grids[0].Rows[0].ID == p.Grids[1].Rows[0].ID {
		t.Error("two rows have one place")
	}
}

// TestPageOfDamagedImages: there is a message that says whose images, and no page.
func TestPageOfDamagedImages(t *testing.T) {
	s := syntheticExperiment(t)
	if err := os.WriteFile(filepath.Join(s.dir, "images-0.parquet"), []byte("PAR1 and no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err := Write(context.Background(), dir, s.input())
	if err == nil || !strings.Contains(err.Error(), "images of base") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "index.html")); !os.IsNotExist(err) {
		t.Error("there is a page")
	}
}

// TestPageImages: what is said of an image, by hand. Image 0 of base has no good of
// nine; image 1 is skipped by all; image 2 has six good: scores are 100/8 and 102/8.
func TestPageImages(t *testing.T) {
	s := syntheticExperiment(t).judged(t)
	p := pageFor(t, s)
	if len(p.Grids) != 1 {
		t.Fatalf("%d grids", len(p.Grids))
	}
	grid := p.Grids[0]
	if diff := cmp.Diff([]string{"base", "labelled", "full"}, grid.Columns); diff != "" {
		t.Error(diff)
	}
	if len(grid.Rows) != 10 || !grid.Judged || !grid.Small {
		t.Errorf("%d rows, judged %v, small %v", len(grid.Rows), grid.Judged, grid.Small)
	}
	first := grid.Rows[slices.IndexFunc(grid.Rows, func(r page.GridRow) bool { return r.Prompt == "a red circle" })].Cells[0]
	if first.Good != "2 of 3 good" {
		t.Errorf("a red circle: %q", first.Good)
	}
	for i, want := range []page.Image{
		{Verdict: page.Bad, Caption: "0/9", Score: "12.5", Words: "base, image 1, seed 0; bad: 0 good, 9 bad; clip 0; with_aux 12.5"},
		{Verdict: "", Caption: "skipped", Score: "12.6", Words: "base, image 2, seed 1; not judged: 0 good, 0 bad, 9 skipped; clip 0.125; with_aux 12.6"},
		{Verdict: page.Good, Caption: "6/9", Score: "12.8", Words: "base, image 3, seed 2; good: 6 good, 3 bad; clip 0.25; with_aux 12.8"},
	} {
		got := first.Images[i]
		want.Index, want.Width, want.Height, want.Now = int32(i), 32, 32, true
		got.Source = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("image %d (-want +got):\n%s", i, diff)
		}
	}
	if len(grid.Changes) != 2 || grid.Changes[0].Model != "labelled" || grid.Changes[0].Baseline != "base" {
		t.Fatalf("changes: %+v", grid.Changes)
	}
	for _, c := range grid.Changes {
		for i, gain := range c.Gains {
			if !strings.HasPrefix(gain.By, "+") || gain.Row == "" {
				t.Errorf("gain %d of %s: %+v", i, c.Model, gain)
			}
		}
		for i, loss := range c.Losses {
			if !strings.HasPrefix(loss.By, "-") || loss.Row == "" {
				t.Errorf("loss %d of %s: %+v", i, c.Model, loss)
			}
		}
	}
}

// TestPageIsBounded: of 200 prompts with images that do not compress, some are shown, the
// page says so, and it stays small.
func TestPageIsBounded(t *testing.T) {
	for _, c := range []struct{ size, prompts int }{{32, 200}, {256, 30}} {
		s := syntheticExperiment(t)
		noise := rand.New(rand.NewPCG(1, 2))
		for m := range syntheticModels {
			var rows []table.Image
			for i := range c.prompts {
				for index := range 4 {
					pixels := make([]byte, 3*c.size*c.size)
					for p := range pixels {
						pixels[p] = byte(noise.Uint32())
					}
					content, err := imaging.EncodeStored(imaging.Image{Width: c.size, Height: c.size, RGB: pixels})
					if err != nil {
						t.Fatal(err)
					}
					rows = append(rows, table.Image{ID: fmt.Sprint(i, "/", index), Image: table.File{Bytes: content}, Prompt: fmt.Sprint("prompt ", i), Category: fmt.Sprint(i % 2), Index: int32(index), Seed: uint64(index)})
				}
			}
			// Raters agree but for two prompts of labelled.
			var values []dataset.PromptValue
			for i := range c.prompts {
				value := dataset.PromptValue{Metric: metric.GoodShare, Subject: syntheticModels[m].name, Prompt: fmt.Sprint("prompt ", i), Category: fmt.Sprint(i % 2), N: 4, Value: 0.5}
				if syntheticModels[m].name == "labelled" && (i == c.prompts-1 || i == c.prompts/2) {
					value.Value = map[bool]float64{true: 1, false: 0.25}[i == c.prompts/2]
				}
				values = append(values, value)
			}
			for _, r := range s.records {
				if r.Stage == measuring("alignment", syntheticModels[m].name) {
					r.Outputs = map[string]record.Output{"values": output(t, s, fmt.Sprint("values-", m), values)}
				}
			}
			name := fmt.Sprintf("images-%d.parquet", m)
			if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
				t.Fatal(err)
			}
			output(t, s, name, rows)
		}
		got := pageBytes(t, s)
		if len(got) > 4<<20 {
			t.Errorf("%d pixels: the page has %d bytes", c.size, len(got))
		}
		said := regexp.MustCompile(fmt.Sprintf(`(\d+) of %d prompts, drawn by seed 1 evenly`, c.prompts)).FindString(got)
		if said == "" {
			t.Errorf("%d pixels: the page does not say how its prompts were chosen", c.size)
		}
		chosen := regexp.MustCompile(`^\d+`).FindString(said)
		before, _, _ := strings.Cut(got, "Largest gains and losses")
		if shown := strings.Count(before, "<article"); fmt.Sprint(shown) != chosen || shown < 5 {
			t.Errorf("%d pixels: %d prompts are shown, %q", c.size, shown, said)
		}
		// The two that changed are on the page, drawn or not.
		for prompt, by := range map[int]string{c.prompts / 2: "&#43;50 points", c.prompts - 1: "-25 points"} {
			link := regexp.MustCompile(fmt.Sprintf(`<a href="#(prompt-1-\d+)">prompt %d</a> <strong>%s</strong>`, prompt, by)).FindStringSubmatch(got)
			if link == nil || !strings.Contains(got, fmt.Sprintf(`<article id="%s"`, link[1])) {
				t.Errorf("%d pixels: prompt %d, which changed, is not shown: %q", c.size, prompt, link)
			}
		}
		if c.size == 256 && !strings.Contains(got, "reduced to 192 pixels") {
			t.Error("reduced images do not say so")
		}
	}
}
