package exchange

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/labels"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// picture is a PNG of one grey, and what it is called under a prompt.
func picture(t *testing.T, grey byte, prompt string) (png []byte, id string) {
	t.Helper()
	png, err := imaging.EncodePNG(imaging.Image{Width: 2, Height: 1, RGB: []byte{20 * grey, 200, 20 * grey, 20 * grey, 1, 200}})
	if err != nil {
		t.Fatal(err)
	}
	id, err = labels.BlindID(table.Image{ID: "x", Prompt: prompt, Image: table.File{Bytes: png}})
	if err != nil {
		t.Fatal(err)
	}
	return png, id
}

// asked is an experiment that asks about three images of cats, one of which is gold, and
// about a pair of dogs.
type asked struct {
	Known
	cats     [3]string // by content
	cat      []byte    // the first one
	dogs     [2]string // ascending
	pair     string
	labelled string // the names of questions
	compared string
}

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func experiment(t *testing.T) asked {
	t.Helper()
	a := asked{labelled: "labels/people", compared: "evaluate/main/preference"}
	a.Names = map[string]string{}
	var cats []people.Item
	for n := range a.cats {
		png, id := picture(t, byte(n), "a cat")
		if n == 0 {
			a.cat = png
		}
		a.cats[n] = id
		a.Names[fmt.Sprintf("color/0000/%03d", n)] = id
		cats = append(cats, people.Item{ID: id, Images: []string{id}, Prompt: "a cat", Category: "color"})
	}
	_, one := picture(t, 8, "a dog")
	_, other := picture(t, 9, "a dog")
	a.dogs = [2]string{min(one, other), max(one, other)}
	a.pair = people.ItemID(one, other)
	a.Questions = []people.Question{
		{Name: a.labelled, Kind: people.Rate, Aspects: []string{people.Alignment}, Raters: 1, Together: 3, Gold: []people.Gold{{Item: a.cats[2], Answers: people.Answers{people.Alignment: people.Bad}}}},
		{Name: a.compared, Kind: people.Compare, Aspects: []string{people.Alignment, people.Fidelity}, Raters: 3},
	}
	a.Items = map[string][]people.Item{a.labelled: cats, a.compared: {{ID: a.pair, Images: a.dogs[:], Prompt: "a dog", Category: "animal"}}}
	a.Now = noon
	return a
}

// given is judgements of all purposes and kinds, with awkward texts.
func (a asked) given() []people.Judgement {
	return []people.Judgement{
		{Number: 1, ID: "1f", Question: a.labelled, Item: a.cats[0], Images: []string{a.cats[0]}, Prompt: "a cat", Category: "color", Rater: `Ann "the, first"`, Purpose: people.Asked,
			Answers: people.Answers{people.Alignment: people.Good}, Shown: []string{a.cats[1], a.cats[0]}, Time: noon.Add(123 * time.Millisecond), Duration: 1234567891 * time.Nanosecond, Page: "3"},
		{Number: 2, ID: "2f", Question: a.labelled, Item: a.cats[1], Images: []string{a.cats[1]}, Prompt: "a cat", Category: "color", Rater: "böb;", Purpose: people.Asked,
			Answers: people.Answers{people.Alignment: people.Skip}, Shown: []string{a.cats[1], a.cats[0]}, Time: noon, Page: "3"},
		{Number: 3, ID: "3f", Question: a.labelled, Item: a.cats[1], Images: []string{a.cats[1]}, Prompt: "a cat", Category: "color", Rater: "böb;", Purpose: people.Again,
			Answers: people.Answers{people.Alignment: people.Bad}, Shown: []string{a.cats[1]}, Time: noon, Duration: time.Hour, Page: "3"},
		{Number: 4, ID: "4f", Question: a.labelled, Item: a.cats[2], Images: []string{a.cats[2]}, Prompt: "a cat", Category: "color", Rater: "böb;", Purpose: people.Known,
			Answers: people.Answers{people.Alignment: people.Bad}, Shown: []string{a.cats[2]}, Time: noon, Duration: time.Second, Page: "3"},
		{Number: 5, ID: "5f", Question: a.labelled, Item: a.cats[0], Images: []string{a.cats[0]}, Prompt: "a dog", Category: "animal", Rater: "böb;", Purpose: people.Attentive,
			Answers: people.Answers{people.Alignment: people.Bad}, Shown: []string{a.cats[0]}, Time: noon, Duration: time.Second, Page: "3"},
		{Number: 9, ID: "9f", Question: a.compared, Item: a.pair, Images: a.dogs[:], Prompt: "a dog", Category: "animal", Rater: "cy", Purpose: people.Asked,
			Answers: people.Answers{people.Alignment: people.First, people.Fidelity: people.Tie}, Shown: []string{a.dogs[1], a.dogs[0]}, Time: noon, Duration: time.Second, Page: "3"},
	}
}

// TestRoundTrip: what is written comes back as it was, in every format, but for the
// numbers, which are the database's; so does what is imported twice, once.
func TestRoundTrip(t *testing.T) {
	a := experiment(t)
	want := a.given()
	for _, format := range Formats {
		path := filepath.Join(t.TempDir(), "judgements"+format)
		if err := Write(path, want); err != nil {
			t.Fatal(err)
		}
		got, found := Read(path, a.Known)
		if diff := cmp.Diff(want, got.New, cmpopts.IgnoreFields(people.Judgement{}, "Number")); diff != "" || len(found) > 0 {
			t.Errorf("%s: %v (-want +got):\n%s", format, found, diff)
		}
		if people.Digest(want) != people.Digest(got.New) {
			t.Errorf("%s: another digest", format)
		}
		again := a.Known
		again.Judgements = want
		if got, found := Read(path, again); len(got.New) != 0 || got.Already != len(want) || len(found) > 0 {
			t.Errorf("%s, again: %+v, %v", format, got, found)
		}
		// What was taken back does not come in again.
		withdrawn := a.Known
		withdrawn.Withdrawn = want[:1]
		if got, found := Read(path, withdrawn); len(got.New) != len(want)-1 || got.Gone != 1 || len(found) != 1 || found.HasErrors() {
			t.Errorf("%s, one taken back: %+v, %v", format, got, found)
		}
		// Another experiment's are a mistake, or kept for later.
		elsewhere := Known{Questions: a.Questions, Now: noon}
		if _, found := Read(path, elsewhere); !found.HasErrors() || !strings.Contains(found[0].Detail, "plumb run draws them") {
			t.Errorf("%s, elsewhere: %v", format, found)
		}
		elsewhere.Others = true
		if got, found := Read(path, elsewhere); found.HasErrors() || len(found) != 1 || people.Digest(got.New) != people.Digest(want) {
			t.Errorf("%s, kept for later: %v", format, found)
		}
	}
	if err := Write(filepath.Join(t.TempDir(), "judgements.cvs"), want); err == nil || !strings.Contains(err.Error(), `Did you mean ".csv"?`) {
		t.Errorf("an unknown format: %v", err)
	}
	for _, format := range Formats {
		path := filepath.Join(t.TempDir(), "none"+format)
		if err := Write(path, nil); err != nil {
			t.Fatal(err)
		}
		if _, found := Read(path, a.Known); !found.HasErrors() {
			t.Errorf("no judgements in %s: %v", format, found)
		}
	}
}

// imports writes a text into a file and reads it.
func imports(t *testing.T, name, text string, known Known) (Imported, diag.List) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(path, known)
}

// TestPlain: images by all that they may be called.
func TestPlain(t *testing.T) {
	a := experiment(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "first cat.png"), a.cat, 0o600); err != nil {
		t.Fatal(err)
	}
	address := "data:image/png;base64," + base64.StdEncoding.EncodeToString(a.cat)
	known := a.Known
	known.Question = a.labelled
	for name, c := range map[string]struct{ columns, image, prompt string }{
		"by content":               {"image_id", a.cats[0], ""},
		"by the table's ID":        {"image_id", "color/0000/000", ""},
		"a sheet's file":           {"image", "color/0000/000.png", "a cat"},
		"a blind sheet's file":     {"image", "some/where/" + a.cats[0] + ".png", "a cat"},
		"a file by its pixels":     {"image", "first cat.png", "a cat"},
		"an absolute path":         {"image", filepath.Join(dir, "first cat.png"), "a cat"},
		"an address":               {"image", "https://example.org/x/" + a.cats[0] + ".png?v=1", "a cat"},
		"an upload, Label Studio":  {"image", "/data/upload/1/0a1b2c3d-" + a.cats[0] + ".png", "a cat"},
		"local files of the same":  {"image", "/data/local-files/?d=sheets/" + a.cats[0] + ".png", "a cat"},
		"the picture in the row":   {"image", address, "a cat"},
		"the item, as exported is": {"item", a.cats[0], ""},
	} {
		path := filepath.Join(dir, "labels.csv")
		text := fmt.Sprintf("prompt,%s,label,rater\n%s,%s,Good,ann\n%s,%s,,ann\n", c.columns, c.prompt, `"`+c.image+`"`, c.prompt, a.cats[1])
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, found := Read(path, known)
		if found.HasErrors() || len(got.New) != 1 || got.Empty != 1 {
			t.Errorf("%s: %+v, %v", name, got, found)
			continue
		}
		j := got.New[0]
		if j.Item != a.cats[0] || j.Question != a.labelled || j.Prompt != "a cat" || j.Category != "color" || j.Rater != "ann" || j.Purpose != people.Asked ||
			j.Answers[people.Alignment] != people.Good || !j.Time.Equal(noon) || j.Page != importPage || j.ID == "" {
			t.Errorf("%s: %+v", name, j)
		}
	}
	// A pair, whichever image comes first; gold is for checking; names are there for all.
	known.Questions = []people.Question{a.Questions[1]}
	known.Questions[0].Aspects = []string{people.Alignment}
	known.Question, known.Rater = "", "zoe"
	for _, sides := range [][2]int{{0, 1}, {1, 0}} {
		got, found := imports(t, "pairs.csv", fmt.Sprintf("first;second;choice\n%s;%s;first\n", a.dogs[sides[0]], a.dogs[sides[1]]), known)
		if len(found) > 0 || len(got.New) != 1 || got.New[0].Rater != "zoe" || got.New[0].Answers[people.Alignment] != []string{people.First, people.Second}[sides[0]] || got.New[0].Shown[0] != a.dogs[sides[0]] {
			t.Errorf("%v: %+v, %v", sides, got, found)
		}
	}
	gold := a.Known
	gold.Question = a.labelled
	if got, found := imports(t, "gold.csv", "image_id,label\ncolor/0000/002,good\n", gold); len(found) > 0 || got.New[0].Purpose != people.Known || got.New[0].Rater != onlyRater {
		t.Errorf("%+v, %v", got, found)
	}
}

// TestMistakes: every problem has its line and a way out, and nothing comes in.
func TestMistakes(t *testing.T) {
	a := experiment(t)
	known := a.Known
	known.Question = a.labelled
	known.Judgements = []people.Judgement{{ID: "stands", Question: a.labelled, Item: a.cats[1], Images: []string{a.cats[1]}, Rater: "eve", Purpose: people.Asked, Answers: people.Answers{people.Alignment: people.Bad}}}
	id := a.cats[0]
	native := "id,question,item,images,prompt,rater,purpose,answer_alignment,shown,time,duration_ms\n"
	for name, c := range map[string]struct {
		file, text string
		want       []string // "line: summary" of each
	}{
		"unknown image": {"l.csv", "image_id,label\ncolor/0000/000,good\ncolor/0000/00l,good\n", []string{`3: There is no image "color/0000/00l"`}},
		"unknown word":  {"l.csv", "image_id,label\n" + id + ",god\n", []string{`2: "god" is no answer`}},
		"twice":         {"l.csv", "image_id,label\n" + id + ",good\ncolor/0000/000,good\n", []string{fmt.Sprintf(`3: Rater "rater" has judged %q before`, id)}},
		"contradiction": {"l.csv", "image_id,label\n" + id + ",good\n" + id + ",bad\n", []string{fmt.Sprintf(`3: Rater "rater" contradicts line 2 about %q`, id)}},
		"against what stands": {"l.csv", "image_id,label,rater\n" + a.cats[1] + ",good,eve\n",
			[]string{fmt.Sprintf(`2: Rater "eve" has said something else of %q`, a.cats[1])}},
		"broken row":        {"l.csv", "image_id,label\n" + id + ",good,x\n" + a.cats[1] + "\n", []string{"2: The line has 3 fields", "3: The line has 1 fields"}},
		"no rater":          {"l.csv", "image_id,label,rater\n" + id + ",good,\n", []string{"2: The rater is missing"}},
		"the gold rater":    {"l.csv", "image_id,label,rater\n" + id + ",good,gold\n", []string{"2: The rater's name cannot be taken"}},
		"no such question":  {"l.csv", "image_id,label,question\n" + id + ",good,labels/peple\n", []string{`2: There is no question "labels/peple"`}},
		"another kind":      {"l.csv", "image_id,label,question\n" + id + ",good,evaluate/main/preference\n", []string{`2: evaluate/main/preference is not answered by a label`}},
		"several at once":   {"l.csv", "image_id,label,rater\nx,good,ann\n" + id + ",fine,\n", []string{`2: There is no image "x"`, "3: The rater is missing", `3: "fine" is no answer`}},
		"columns":           {"l.csv", "imag,label\nx,good\n", []string{"1: The columns are not those of judgements"}},
		"nothing filled in": {"l.csv", "image_id,label\n" + id + ",\n", []string{"0: The file has no answers yet"}},
		"pixels of others":  {"l.csv", "prompt,image,label\na dog,\"data:image/png;base64," + base64.StdEncoding.EncodeToString(a.cat) + "\",good\n", []string{"2: No image that is asked about looks like the image within the row"}},
		"native": {"l.csv", native +
			"i1,labels/people," + id + "," + id + ",a cat,ann,asked,good," + id + ",2026-11-28T12:00:00Z,12\n" +
			"i1,labels/people," + a.cats[1] + "," + a.cats[1] + ",a cat,ann,asked,good," + a.cats[1] + ",2026-11-28T12:00:00Z,12\n" +
			"i2,labels/people," + a.cats[1] + "," + id + ",a cat,ann,asked,good,,,\n" +
			"i3,labels/people," + a.cats[1] + "," + a.cats[1] + ",a cat,ann,askd,good," + id + ",,\n" +
			"i4,labels/people," + a.cats[1] + "," + a.cats[1] + ",a cat,ann,asked,good,,noon,-1\n" +
			"stands,labels/people," + a.cats[1] + "," + a.cats[1] + ",a cat,eve,asked,good,,,\n",
			[]string{`3: Judgement "i1" is there twice`, fmt.Sprintf("4: The images are not those of item %q", a.cats[1]), `5: "askd" is no purpose`,
				fmt.Sprintf("5: Image %q was judged and not shown", a.cats[1]), "6: The time cannot be read", `6: "-1" is no length of time`, `7: Judgement "stands" says something else than the one that stands`}},
		"lines": {"l.jsonl", `{"question":"labels/people","item":"` + id + `","rater":"ann","answers":{"alignment":"good"}}` + "\n" + `{"question":` + "\n\n" +
			`{"question":"labels/people","item":"` + a.cats[1] + `","rater":"ann","answers":{"aligment":"good"}}` + "\n" + `{"x":1}` + "\n" + `{"answers":3}` + "\n",
			[]string{"2: The line is not JSON", `4: labels/people does not ask about "aligment"`, "4: There is no answer about alignment", "5: The object is no judgement", "6: The judgement cannot be read"}},
		"a list":         {"l.json", "[\n1,\n{\"answers\":{}}]", []string{"2: A judgement is an object", "3: The rater is missing", "3: What was judged is not said", "3: Nothing is answered"}},
		"a broken list":  {"l.json", "[\n{},\n{]\n", []string{"2: The object is no judgement", "3: The file is not JSON"}},
		"a spreadsheet":  {"l.xlsx", "PK\x03\x04", []string{"0: The file is a spreadsheet's own file (.xlsx, .ods) or another ZIP archive"}},
		"nothing at all": {"l.csv", "", []string{"0: The file is empty"}},
	} {
		got, found := imports(t, c.file, c.text, known)
		var said []string
		for _, f := range found {
			if f.Severity == diag.Error {
				said = append(said, fmt.Sprintf("%d: %s", f.Subject.Start.Line, f.Summary))
			}
			if f.Detail == "" {
				t.Errorf("%s: no way out of %q", name, f.Summary)
			}
		}
		if diff := cmp.Diff(c.want, said); diff != "" || len(got.New) > 0 {
			t.Errorf("%s: %d judgements (-want +got):\n%s", name, len(got.New), diff)
		}
	}
	many := "image_id,label\n" + strings.Repeat("x,y\n", 10_000)
	if _, found := imports(t, "l.csv", many, known); len(found) > maxFindings+3 {
		t.Errorf("%d findings", len(found))
	}
	if _, found := Read(filepath.Join(t.TempDir(), "none.csv"), known); !found.HasErrors() || found[0].Summary != "There is no such file" {
		t.Errorf("%v", found)
	}
	if _, found := Read(t.TempDir(), known); !found.HasErrors() {
		t.Error("a directory was imported")
	}
}

// TestLabelStudio: one experiment's answers in the three forms that Label Studio exports.
func TestLabelStudio(t *testing.T) {
	a := experiment(t)
	known := a.Known
	pair := fmt.Sprintf(`"question":%q,"prompt":"a dog","left":"/data/upload/1/00aa11bb-%s.png","right":"%s.png"`, a.compared, a.dogs[1], a.dogs[0])
	for name, c := range map[string]struct{ file, text string }{
		"JSON": {"x.json", `[
{"id":1,"data":{"question":"labels/people","prompt":"a cat","image":"/data/upload/1/0a1b2c3d-` + a.cats[0] + `.png"},"predictions":[{"result":[]}],"annotations":[
 {"id":11,"unique_id":"u-1","completed_by":{"id":3,"email":"ann@example.org"},"was_cancelled":false,"lead_time":2.5,"created_at":"2026-11-28T12:00:00.500000Z","result":[{"from_name":"quality","to_name":"image","type":"choices","value":{"choices":["good"]}}]},
 {"id":12,"completed_by":7,"was_cancelled":true,"lead_time":1,"created_at":"2026-11-28T12:00:00Z","result":[]}]},
{"id":2,"data":{` + pair + `},"annotations":[
 {"id":13,"completed_by":7,"was_cancelled":false,"lead_time":1,"created_at":"2026-11-28T12:00:00Z","result":[{"from_name":"alignment","type":"choices","value":{"choices":["left"]}},{"from_name":"fidelity","type":"choices","value":{"choices":["tie"]}}]},
 {"id":14,"completed_by":8,"was_cancelled":false,"result":[]}]}
]`},
		"JSON_MIN": {"x.json", `[
{"question":"labels/people","prompt":"a cat","image":"/data/upload/1/0a1b2c3d-` + a.cats[0] + `.png","id":1,"quality":"good","annotator":"ann@example.org","annotation_id":11,"created_at":"2026-11-28T12:00:00.500000Z","lead_time":2.5},
{"question":"labels/people","prompt":"a cat","image":"/data/upload/1/0a1b2c3d-` + a.cats[0] + `.png","id":1,"annotator":7,"annotation_id":12,"was_cancelled":true,"created_at":"2026-11-28T12:00:00Z","lead_time":1},
{` + pair + `,"id":2,"alignment":"left","fidelity":"tie","annotator":7,"annotation_id":13,"created_at":"2026-11-28T12:00:00Z","lead_time":1},
{` + pair + `,"id":2,"annotator":8,"annotation_id":14,"created_at":"2026-11-28T12:00:00Z","lead_time":null}]`},
		"CSV": {"x.csv", "annotation_id\tannotator\tcreated_at\tid\timage\tlead_time\tprompt\tquality\tquestion\twas_cancelled\talignment\tfidelity\tleft\tright\n" +
			"11\t\"ann@example.org\"\t2026-11-28T12:00:00.500000Z\t1\t/data/upload/1/0a1b2c3d-" + a.cats[0] + ".png\t2.5\ta cat\tgood\tlabels/people\tFalse\t\t\t\t\n" +
			"12\t7\t2026-11-28T12:00:00Z\t1\t/data/upload/1/0a1b2c3d-" + a.cats[0] + ".png\t1\ta cat\t\tlabels/people\tTrue\t\t\t\t\n" +
			"13\t7\t2026-11-28T12:00:00Z\t2\t\t1\ta dog\t\t" + a.compared + "\tFalse\tleft\ttie\t/data/upload/1/00aa11bb-" + a.dogs[1] + ".png\t" + a.dogs[0] + ".png\n" +
			"14\t8\t2026-11-28T12:00:00Z\t2\t\t\ta dog\t\t" + a.compared + "\tFalse\t\t\t" + a.dogs[1] + ".png\t" + a.dogs[0] + ".png\n"},
	} {
		got, found := imports(t, c.file, c.text, known)
		if found.HasErrors() || got.Empty != 1 {
			t.Errorf("%s: %+v, %v", name, got, found)
			continue
		}
		want := []people.Judgement{
			{Question: a.labelled, Item: a.cats[0], Images: []string{a.cats[0]}, Prompt: "a cat", Category: "color", Rater: "ann@example.org", Purpose: people.Asked,
				Answers: people.Answers{people.Alignment: people.Good}, Time: noon.Add(500 * time.Millisecond), Duration: 2500 * time.Millisecond, Page: "Label Studio"},
			{Question: a.labelled, Item: a.cats[0], Images: []string{a.cats[0]}, Prompt: "a cat", Category: "color", Rater: "7", Purpose: people.Asked,
				Answers: people.Answers{people.Alignment: people.Skip}, Time: noon, Duration: time.Second, Page: "Label Studio"},
			{Question: a.compared, Item: a.pair, Images: a.dogs[:], Prompt: "a dog", Category: "animal", Rater: "7", Purpose: people.Asked,
				Answers: people.Answers{people.Alignment: people.Second, people.Fidelity: people.Tie}, Shown: []string{a.dogs[1], a.dogs[0]}, Time: noon, Duration: time.Second, Page: "Label Studio"},
		}
		if diff := cmp.Diff(want, got.New, cmpopts.IgnoreFields(people.Judgement{}, "ID")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"several choices": {`[{"data":{"question":"labels/people","image_id":"` + a.cats[0] + `"},"annotations":[
			{"completed_by":1,"result":[{"from_name":"q","type":"choices","value":{"choices":["good","bad"]}}]}]}]`, `2: "q" has several choices, or none`},
		"another word": {`[{"data":{"question":"labels/people","image_id":"` + a.cats[0] + `"},"annotations":[
			{"completed_by":1,"result":[]},
			{"completed_by":1,"result":[{"from_name":"q","type":"choices","value":{"choices":["Gut"]}}]}]}]`, `3: "gut" is no answer`},
		"another image": {`[{"data":{"question":"labels/people","image":"http://localhost/y.png"},"annotations":[{"completed_by":1,"result":[{"from_name":"q","type":"choices","value":{"choices":["good"]}}]}]}]`,
			`1: There is no image "http://localhost/y.png"`},
		"twice": {`[{"data":{"question":"labels/people","image_id":"` + a.cats[0] + `"},"annotations":[
			{"completed_by":1,"result":[{"from_name":"q","type":"choices","value":{"choices":["good"]}}]},
			{"completed_by":1,"result":[{"from_name":"q","type":"choices","value":{"choices":["bad"]}}]}]}]`, fmt.Sprintf(`3: Rater "1" contradicts line 2 about %q`, a.cats[0])},
	} {
		_, found := imports(t, "x.json", c.text, known)
		if len(found) != 1 || fmt.Sprintf("%d: %s", found[0].Subject.Start.Line, found[0].Summary) != c.want {
			t.Errorf("%s: %v; want %s", name, found, c.want)
		}
	}
}

// TestConsensusFile: a row for each item and aspect, in every format.
func TestConsensusFile(t *testing.T) {
	a := experiment(t)
	all := labelling.ConsensusOf(a.Questions, a.given())
	dir := t.TempDir()
	for _, format := range Formats {
		if err := WriteConsensus(filepath.Join(dir, "said"+format), all); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(filepath.Join(dir, "said.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	if len(lines) != 1+2+2 || lines[0] != "question,aspect,item,images,prompt,category,answers,skips,good,bad,first,second,tie,majority,likeliest,chance" {
		t.Errorf("%s", content)
	}
	for _, want := range []string{
		"labels/people,alignment," + a.cats[0] + "," + a.cats[0] + ",a cat,color,1,0,1,0,,,,good,,",
		"evaluate/main/preference,fidelity," + a.pair + "," + strings.Join(a.dogs[:], " ") + ",a dog,animal,1,0,,,0,0,1,tie,,",
	} {
		if !strings.Contains(string(content), want+"\n") {
			t.Errorf("%s\nhas no line %s", content, want)
		}
	}
	if n, err := table.Rows(filepath.Join(dir, "said.parquet")); n != 4 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("x.csv", []byte("image_id,label\ncolor/0000/000,good\n"))
	f.Add("x.csv", []byte("id,item,answer_alignment\n1,2,good\n"))
	f.Add("x.json", []byte(`[{"data":{"image":"x"},"annotations":[{"completed_by":1,"result":[{"type":"choices","value":{"choices":["good"]}}]}]}]`))
	f.Add("x.jsonl", []byte(`{"item":"x","answers":{"alignment":"good"},"duration_ms":1e300}`))
	f.Add("x.csv", []byte("first,second,choice\na,b,tie\n"))
	question := people.Question{Name: "q", Kind: people.Rate, Aspects: []string{people.Alignment}}
	known := Known{Questions: []people.Question{question}, Items: map[string][]people.Item{"q": {{ID: "x", Images: []string{"x"}, Prompt: "p"}}}, Names: map[string]string{"color/0000/000": "x"}}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		path := filepath.Join(t.TempDir(), "x"+filepath.Ext(filepath.Base(name)))
		if os.WriteFile(path, content, 0o600) != nil {
			t.Skip()
		}
		got, found := Read(path, known)
		if (len(got.New)+got.Already == 0) != found.HasErrors() {
			t.Errorf("%+v and %v", got, found)
		}
		for _, j := range got.New {
			if j.Item != "x" || j.Rater == "" || j.ID == "" || j.Answers[people.Alignment] == "" {
				t.Errorf("%+v", j)
			}
		}
	})
}
