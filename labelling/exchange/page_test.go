package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/plumb-ml/plumb/core/browsertest"
	"github.com/plumb-ml/plumb/core/people"
)

// pictures are what the experiment's images show.
func (a asked) pictures(t *testing.T) Pictures {
	all := map[string][]byte{}
	for n := range a.cats {
		png, id := picture(t, byte(n), "a cat")
		all[id] = png
	}
	for _, grey := range []byte{8, 9} {
		png, id := picture(t, grey, "a dog")
		all[id] = png
	}
	return func(_ context.Context, image string) ([]byte, string, error) {
		png, ok := all[image]
		if !ok {
			return nil, "", fs.ErrNotExist
		}
		return png, "image/png", nil
	}
}

// page is label.html of the experiment for a rater.
func (a asked) page(t *testing.T, rater string) string {
	t.Helper()
	var page bytes.Buffer
	var all []Asked
	for _, question := range a.Questions {
		all = append(all, Asked{question, a.Items[question.Name]})
	}
	if err := Page(t.Context(), &page, rater, all, a.pictures(t)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "label.html")
	if err := os.WriteFile(path, page.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPage: somebody labels with keys and the mouse, takes an answer back, reloads, and
// saves; what is saved comes in as what was said.
func TestPage(t *testing.T) {
	a := experiment(t)
	b := browsertest.Open(t)
	b.File(a.page(t, `Ann <b>`))
	b.Await(`document.getElementById("about").open`)
	b.Legible(t)
	b.Picture("label-instructions")
	b.Click(`document.getElementById("begin")`)
	b.Await(`document.querySelectorAll(".card").length > 0`)
	b.Legible(t)
	b.Picture("label-page")
	if count := browsertest.Ask[string](b, `document.getElementById("count").textContent`); count != "0 of 4 as Ann <b>" {
		t.Errorf("%q", count)
	}
	done := func(n int) { b.Await(fmt.Sprintf(`document.getElementById("bar").value === %d`, n)) }
	// Whichever question comes first, all is answered: cats good and bad in turn, the dogs
	// left in alignment and a tie in fidelity.
	kind := func() string { return browsertest.Ask[string](b, `document.body.className`) }
	answered := 0
	for answered < 4 {
		switch kind() {
		case "rate":
			if answered%2 == 0 {
				b.Press("g")
			} else {
				b.Click(`document.querySelector(".card.on .answers .bad")`)
			}
		case "compare":
			b.Press(kb.ArrowLeft)
			b.Await(`document.getElementById("ask").textContent.includes("more real")`)
			b.Picture("label-pair")
			b.Press("0")
		default:
			t.Fatalf("kind %q", kind())
		}
		answered++
		done(answered)
		if answered == 2 { // taken back, and again; a reload keeps it
			b.Press("u")
			done(1)
			answered = 1
			if kind() == "rate" {
				b.Press("s")
				b.Await(`document.getElementById("bar").value === 2`)
				answered = 2
			}
			b.File(browsertest.Ask[string](b, `decodeURIComponent(location.pathname)`))
			done(answered)
			if answered == 1 {
				break
			}
		}
	}
	b.Await(`!document.getElementById("end").hidden`)
	b.Picture("label-end")
	browsertest.Ask[bool](b, `(URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return "data:,"; }, true)`)
	b.Press(kb.Enter) // the focus is on the button
	b.Await(`!!window.saved`)
	saved := browsertest.Ask[string](b, `window.saved`)
	path := filepath.Join(t.TempDir(), "judgements.jsonl")
	if err := os.WriteFile(path, []byte(saved), 0o600); err != nil {
		t.Fatal(err)
	}
	got, found := Read(path, a.Known)
	if len(found) > 0 || len(got.New) != 4 {
		t.Fatalf("%v\n%s", found, saved)
	}
	for _, j := range got.New {
		if j.Rater != "Ann <b>" || j.Page != pageVersion || j.Time.IsZero() || len(j.ID) != 32 {
			t.Errorf("%+v", j)
		}
		switch {
		case j.Question == a.compared:
			left := []string{people.First, people.Second}[slices.Index(j.Images, j.Shown[0])]
			if j.Answers[people.Alignment] != left || j.Answers[people.Fidelity] != people.Tie || j.Purpose != people.Asked {
				t.Errorf("the pair: %+v", j)
			}
		case len(j.Shown) != 3 || !slices.Contains(j.Shown, j.Item) || (j.Purpose == people.Known) != (j.Item == a.cats[2]):
			t.Errorf("%+v", j)
		}
	}
	if n := strings.Count(saved, `"answers":{"alignment":"skip"}`); n != 1 && kind() == "rate" {
		t.Errorf("%d skips:\n%s", n, saved)
	}
	b.Quiet("file:") // no network
	for _, scheme := range []string{"light", "dark"} {
		b.Look(390, scheme)
		b.File(a.page(t, "bob"))
		b.Click(`document.getElementById("begin")`)
		b.Await(`document.querySelectorAll(".card").length > 0`)
		b.Legible(t)
		b.Picture("label-phone-" + scheme)
	}
}

// TestPageTells: nothing but images, prompts and questions stands in the page.
func TestPageTells(t *testing.T) {
	a := experiment(t)
	content, err := os.ReadFile(a.page(t, "ann"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"gold", "attention", "again", "color/0000"} {
		if strings.Contains(strings.ToLower(string(content)), `"`+word) {
			t.Errorf("the page tells %q", word)
		}
	}
	_, after, _ := strings.Cut(string(content), `id="data">`)
	text, _, _ := strings.Cut(after, "</script>")
	var data pageData
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range data.Screens {
		n += len(s.Tasks)
	}
	if n != 4 || len(data.Images) != 5 {
		t.Errorf("%d tasks, %d images", n, len(data.Images))
	}
	if err := Page(t.Context(), &bytes.Buffer{}, "ann", nil, a.pictures(t)); err == nil {
		t.Error("a page of nothing")
	}
}

// TestScreens: each item once, a share of them again, after all others; images of a prompt
// beside each other; checks show an image of another prompt; the same for a rater, and
// others for another.
func TestScreens(t *testing.T) {
	question := people.Question{Name: "q", Kind: people.Rate, Aspects: []string{people.Alignment}, Raters: 1, Together: 3, Repeated: 0.1, Attention: 0.05}
	var items []people.Item
	prompts := map[string]string{}
	for n := range 100 {
		id := fmt.Sprintf("%032x", n)
		items = append(items, people.Item{ID: id, Images: []string{id}, Prompt: fmt.Sprint("prompt ", n/7)})
		prompts[id] = items[n].Prompt
	}
	screens := screensOf(question, items, "ann")
	times, foreign := map[string]int{}, 0
	for _, s := range screens {
		if len(s.Tasks) > 3 || len(s.Shown) != len(s.Tasks) {
			t.Errorf("%+v", s)
		}
		for _, one := range s.Tasks {
			if prompts[one.Item] != s.Prompt {
				foreign++
				continue
			}
			times[one.Item]++
		}
	}
	twice := 0
	for _, n := range times {
		if n == 2 {
			twice++
		}
	}
	if len(times) != 100 || twice != 10 || foreign < 3 || foreign > 5 {
		t.Errorf("%d items, %d twice, %d checks", len(times), twice, foreign)
	}
	if again := screensOf(question, slices.Clone(items), "ann"); fmt.Sprint(again) != fmt.Sprint(screens) {
		t.Error("other screens for the same rater")
	}
	if other := screensOf(question, slices.Clone(items), "bob"); fmt.Sprint(other) == fmt.Sprint(screens) {
		t.Error("the same screens for another rater")
	}
}

// TestOpen: who is asked about what.
func TestOpen(t *testing.T) {
	a := experiment(t)
	given := a.given()
	for rater, want := range map[string]int{"": 1, "böb;": 0, "zoe": 1} { // the gold item, but for who has answered it
		if open := Open(a.Questions[0], a.Items[a.labelled], given, nil, rater); len(open) != want {
			t.Errorf("%s: %d items", rater, len(open))
		}
	}
	if open := Open(a.Questions[0], a.Items[a.labelled], nil, map[string]bool{a.cats[0]: true}, ""); len(open) != 2 {
		t.Errorf("%d items but for the reported one", len(open))
	}
}

// TestTasks: what is written for Label Studio comes back from it.
func TestTasks(t *testing.T) {
	a := experiment(t)
	var tasks bytes.Buffer
	shown, err := Tasks(t.Context(), &tasks, a.Questions[1], a.Items[a.compared], a.pictures(t))
	if err != nil || strings.Count(shown, "<Choices name=") != 2 || !strings.Contains(shown, `<Choice value="left"/>`) {
		t.Fatalf("%v\n%s", err, shown)
	}
	var all []map[string]any
	if err := json.Unmarshal(tasks.Bytes(), &all); err != nil || len(all) != 1 {
		t.Fatalf("%v\n%s", err, &tasks)
	}
	data := all[0]["data"].(map[string]any)
	if !strings.HasPrefix(data["left"].(string), "data:image/png;base64,") || data["left_id"] == data["right_id"] {
		t.Errorf("%v", data)
	}
	all[0]["annotations"] = []any{map[string]any{"completed_by": 1, "result": []any{
		map[string]any{"from_name": "alignment", "type": "choices", "value": map[string]any{"choices": []string{"right"}}},
		map[string]any{"from_name": "fidelity", "type": "choices", "value": map[string]any{"choices": []string{"skip"}}},
	}}}
	exported, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	got, found := imports(t, "export.json", string(exported), a.Known)
	if len(found) > 0 || len(got.New) != 1 {
		t.Fatalf("%v", found)
	}
	j := got.New[0]
	right := []string{people.First, people.Second}[slices.Index(j.Images, data["right_id"].(string))]
	if j.Answers[people.Alignment] != right || j.Answers[people.Fidelity] != people.Skip || j.Shown[1] != data["right_id"] || j.Item != a.pair {
		t.Errorf("%+v", j)
	}
	if _, err := Tasks(t.Context(), &tasks, people.Question{Name: "r", Kind: people.Rank}, nil, nil); err == nil {
		t.Error("rankings for Label Studio")
	}
}
