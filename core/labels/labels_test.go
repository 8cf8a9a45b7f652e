package labels

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

var known = map[string]table.Image{
	"color-0-0": {ID: "color-0-0", Prompt: "a red circle", Category: "color", Split: "seen"},
	"count-0-0": {ID: "count-0-0", Prompt: "two stars", Category: "count", Split: "unseen"},
}

func labelFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.csv")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportLabels(t *testing.T) {
	want := []table.Label{
		{ImageID: "color-0-0", Prompt: "a red circle", Category: "color", Split: "seen", Rater: "anna", Label: "good"},
		{ImageID: "color-0-0", Prompt: "a red circle", Category: "color", Split: "seen", Rater: "zoe", Label: "bad"},
		{ImageID: "count-0-0", Prompt: "two stars", Category: "count", Split: "unseen", Rater: "zoe", Label: "skip"},
	}
	for name, content := range map[string]string{
		"plain":       "image_id,rater,label\ncolor-0-0,anna,good\ncolor-0-0,zoe,bad\ncount-0-0,zoe,skip\n",
		"spreadsheet": "\xef\xbb\xbfLabel;Comment;Image_ID;Rater\r\nGood;\"a; b\";color-0-0;anna\r\nBAD;;color-0-0;zoe\r\n skip ;;count-0-0; zoe\r\n",
		"tabs":        "image_id\trater\tlabel\ncolor-0-0\tanna\tgood\ncolor-0-0\tzoe\tbad\ncount-0-0\tzoe\tskip",
	} {
		got, findings := Import(labelFile(t, content), known)
		if diff := cmp.Diff(want, got); diff != "" || findings != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, findings, diff)
		}
	}
}

func TestImportLabelsWithoutImages(t *testing.T) {
	got, findings := Import(labelFile(t, "image_id,rater,label,prompt,category,split\nx,3,good,a cat,animal,seen\n"), nil)
	if diff := cmp.Diff([]table.Label{{ImageID: "x", Prompt: "a cat", Category: "animal", Split: "seen", Rater: "3", Label: "good"}}, got); diff != "" || findings != nil {
		t.Errorf("%v (-want +got):\n%s", findings, diff)
	}
}

func TestImportLabelsFromParquet(t *testing.T) {
	type ofPandas struct {
		Label   *string `parquet:"label,optional"`
		Rater   *int64  `parquet:"rater,optional"`
		ImageID *string `parquet:"image_id,optional"`
	}
	label, rater, id := "good", int64(4), "color-0-0"
	path := filepath.Join(t.TempDir(), "labels.parquet")
	if err := parquet.WriteFile(path, []ofPandas{{&label, &rater, &id}}); err != nil {
		t.Fatal(err)
	}
	got, findings := Import(path, known)
	if diff := cmp.Diff([]table.Label{{ImageID: "color-0-0", Prompt: "a red circle", Category: "color", Split: "seen", Rater: "4", Label: "good"}}, got); diff != "" || findings != nil {
		t.Errorf("%v (-want +got):\n%s", findings, diff)
	}

	if err := parquet.WriteFile(path, []ofPandas{{&label, &rater, &id}, {nil, &rater, &id}}); err != nil {
		t.Fatal(err)
	}
	got, findings = Import(path, known)
	if len(got) != 1 || len(findings) != 1 || findings.HasErrors() || !strings.Contains(findings.Error(), "1 of 2 rows have no label yet") {
		t.Errorf("a missing label: %v, %v", got, findings)
	}
	wrong := "fine"
	if err := parquet.WriteFile(path, []ofPandas{{&label, &rater, &id}, {&wrong, &rater, &id}}); err != nil {
		t.Fatal(err)
	}
	_, findings = Import(path, known)
	if len(findings) != 1 || findings[0].Subject.Start.Line != 2 {
		t.Errorf("a wrong label: %v", findings)
	}
	if err := table.WriteAll(path, []table.Score{{}}); err != nil {
		t.Fatal(err)
	}
	if _, findings := Import(path, known); len(findings) != 1 || !strings.Contains(findings.Error(), `There is no column "label"`) {
		t.Errorf("a table without the columns: %v", findings)
	}
}

// A file without raters is of one; images may be named by prompt and number;
// what is not labelled yet is counted and left out.
func TestImportLabelsByPrompt(t *testing.T) {
	want := []table.Label{
		{ImageID: "color-0-0", Prompt: "a red circle", Category: "color", Split: "seen", Rater: "rater", Label: "good"},
		{ImageID: "count-0-0", Prompt: "two stars", Category: "count", Split: "unseen", Rater: "rater", Label: "bad"},
	}
	for _, c := range []struct{ name, content, warning string }{
		{"by ID", "image_id,label\ncolor-0-0,good\ncount-0-0,bad\n", ""},
		{"by prompt", "prompt,index,label\na red circle,0,good\ntwo stars,0,bad\n", ""},
		{"either", "prompt,index,image_id,label\na red circle,0,,good\n,,count-0-0,bad\n", ""},
		{"unfinished", "image_id,label,prompt\ncolor-0-0,good,\ncolor-0-0,,\ncount-0-0,bad,\n", "1 of 3 rows have no label yet"},
	} {
		got, findings := Import(labelFile(t, c.content), known)
		if diff := cmp.Diff(want, got); diff != "" || findings.HasErrors() {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, findings, diff)
		}
		if (c.warning == "") != (findings == nil) || !strings.Contains(findings.Error(), c.warning) {
			t.Errorf("%s: findings %v", c.name, findings)
		}
	}
	for _, c := range []struct {
		content string
		line    int
		want    string
	}{
		{"prompt,index,label\na red circle,1,good\n", 2, `no image 1 of the prompt "a red circle"`},
		{"prompt,index,label\na red circle,one,good\n", 2, `"one" is not the number`},
		{"prompt,label\na red circle,good\n", 1, `no column "image_id"`},
		{"image_id,label\ncolor-0-0,\n", 0, "the label is empty"},
		{"image_id,label\ncolor-0-0,good\ncolor-0-0,bad\n", 3, `Rater "rater" has labelled image "color-0-0" before`},
	} {
		_, findings := Import(labelFile(t, c.content), known)
		if len(findings) != 1 || !strings.Contains(findings.Error(), c.want) || findings[0].Subject.Start.Line != c.line {
			t.Errorf("%q: %v", c.content, findings)
		}
	}
}

func TestImportLabelsReportsAllMistakes(t *testing.T) {
	content := strings.Join([]string{
		"image_id,rater,label",
		"color-0-0,0,fine",  // line 2: not a label
		"colour-0-0,0,good", // 3: no such image
		"count-0-0,0,good",
		"count-0-0,,good", // 5: no rater
		"count-0-0,0,bad", // 6: twice
		"count-0-0,1",     // 7: a field is missing
		",,",              // 8: passed over
		`count-0-0,"2"x,good`,
	}, "\n")
	labels, findings := Import(labelFile(t, content), known)
	if labels != nil {
		t.Errorf("labels in spite of mistakes: %v", labels)
	}
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Subject.Start.Line, f.Subject.Start.Column, f.Summary))
	}
	want := []string{
		`2:13 "fine" is not a label`,
		`3:1 There is no image "colour-0-0"`,
		`5:11 The rater is missing`,
		`6:11 Rater "0" has labelled image "count-0-0" before`,
		`7:1 The line has 2 fields`,
		`9:13 The line is not CSV`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if !strings.Contains(findings[3].Detail, "line 4") {
		t.Errorf("the first time is not named: %s", findings[3].Detail)
	}
}

func TestImportLabelsOfWrongFiles(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"empty":       {"", "The file is empty"},
		"header only": {"image_id,rater,label\n", "no labels"},
		"columns":     {"image,rater,label\n", `no column "image_id"`},
	} {
		if _, findings := Import(labelFile(t, c.content), known); len(findings) != 1 || !strings.Contains(findings.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, findings, c.want)
		}
	}
	if _, findings := Import(filepath.Join(t.TempDir(), "none.csv"), known); !findings.HasErrors() {
		t.Error("a missing file was imported")
	}
	many := "image_id,rater,label\n" + strings.Repeat("x,y,z\n", 10_000)
	if _, findings := Import(labelFile(t, many), known); len(findings) > maxFindings+3 {
		t.Errorf("%d findings", len(findings))
	}
}

// TestImportLabelsOfOtherPrograms: what programs and people write instead of a plain
// CSV is read, or refused in one sentence (testdata/cases and others of their kind).
func TestImportLabelsOfOtherPrograms(t *testing.T) {
	pictures := map[string]table.Image{}
	for i := range 8 {
		id := fmt.Sprintf("%04d.png", i)
		pictures[id] = table.Image{ID: id, Prompt: "p"}
	}
	for name, want := range map[string]struct {
		labels int
		said   string
	}{
		"labels-blank-rows.csv":      {8, ""},
		"labels-comma-in-header.csv": {8, ""},
		"columns-twice-labels.csv":   {0, `The column "label" is there twice`},
		"labels-json.json":           {0, "The file is JSON: Write it as CSV"},
		"labels-jsonl.jsonl":         {0, "The labels are CSV or Parquet with the columns image_id (or prompt and index), label"},
		"labels-spreadsheet.xlsx":    {0, "a spreadsheet's own file (.xlsx, .ods) or another ZIP archive: Save it from the spreadsheet as CSV"},
	} {
		got, findings := Import(filepath.Join("testdata/cases", name), pictures)
		if len(got) != want.labels || want.said == "" && findings != nil || want.said != "" && (len(findings) != 1 || !strings.Contains(findings.Error(), want.said)) {
			t.Errorf("%s: %d labels, %v; want %d, %q", name, len(got), findings, want.labels, want.said)
		}
		for _, l := range got {
			if want := "good"; name == "labels-comma-in-header.csv" && l.Label != want {
				t.Errorf("%s: %v", name, l)
			}
		}
	}
	type row struct {
		ImageID string `parquet:"image_id"`
		Label   string `parquet:"label"`
	}
	named := filepath.Join(t.TempDir(), "labels.csv") // a table by what it holds
	if err := parquet.WriteFile(named, []row{{"0000.png", "good"}}); err != nil {
		t.Fatal(err)
	}
	if got, findings := Import(named, pictures); len(got) != 1 || findings != nil {
		t.Errorf("a table called .csv: %v, %v", got, findings)
	}
	if _, findings := Import("testdata/cases/columns-twice.parquet", pictures); len(findings) != 1 || !strings.Contains(findings.Error(), `The column "label" is there twice`) {
		t.Errorf("a table with a column twice: %v", findings)
	}
	for id, hint := range map[string]string{"a\\b.png": "/ in place of \\", "cafe\u0301.png": "other form of Unicode"} {
		images := map[string]table.Image{"a/b.png": {}, "caf\u00e9.png": {}}
		if _, findings := Import(labelFile(t, "image_id,label\n"+id+",good\n"), images); len(findings) != 1 || !strings.Contains(findings.Error(), hint) {
			t.Errorf("%q: %v", id, findings)
		}
	}
}

func FuzzImportLabels(f *testing.F) {
	f.Add([]byte("image_id,rater,label\ncolor-0-0,0,good\n"))
	f.Add([]byte("image_id;rater;label\n\"color-0-0;0;good\n,,"))
	f.Fuzz(func(t *testing.T, b []byte) {
		labels, findings := Import(labelFile(t, string(b)), known)
		if (len(labels) == 0) != findings.HasErrors() {
			t.Errorf("%d labels and %v", len(labels), findings)
		}
		for _, l := range labels {
			if _, ok := known[l.ImageID]; !ok || l.Prompt == "" {
				t.Errorf("label %v", l)
			}
		}
	})
}
