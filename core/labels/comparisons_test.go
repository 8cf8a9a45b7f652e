package labels

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func comparedImages() map[string]table.Image {
	images := map[string]table.Image{}
	for _, id := range []string{"a1", "a2", "a3", "b1", "b2"} {
		images[id] = table.Image{ID: id, Prompt: "prompt " + id[:1], Category: "color", Split: "seen"}
	}
	return images
}

func importText(t *testing.T, text string) ([]table.Comparison, diag.List) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pairs.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return ImportComparisons(path, comparedImages())
}

func TestImportComparisons(t *testing.T) {
	want := []table.Comparison{
		{First: "a1", Second: "a2", Prompt: "prompt a", Category: "color", Split: "seen", Rater: "ann", Choice: "first"},
		{First: "b2", Second: "b1", Prompt: "prompt b", Category: "color", Split: "seen", Rater: "7", Choice: "tie"},
	}
	for name, text := range map[string]string{
		"commas":     "first,second,choice,rater\na1,a2,first,ann\nb2,b1,TIE,7\n",
		"semicolons": "\xef\xbb\xbfRater; Choice;note;second;first\nann;first;x;a2;a1\n7; tie ;;b1;b2\n",
	} {
		got, findings := importText(t, text)
		if diff := cmp.Diff(want, got); diff != "" || len(findings) > 0 {
			t.Errorf("%s: %v, rows differ (-want +got):\n%s", name, findings, diff)
		}
	}
	got, findings := importText(t, "first,second,choice\na1,a2,second\na1,a3,\n")
	if len(got) != 1 || got[0].Rater != "rater" || len(findings) != 1 || findings[0].Severity != diag.Warning || findings[0].Summary != "1 of 2 rows have no choice yet" {
		t.Errorf("got %+v, %v", got, findings)
	}
}

func TestImportComparisonsFromParquet(t *testing.T) {
	dir := t.TempDir()
	type named struct {
		First  string `parquet:"first"`
		Second string `parquet:"second"`
		Choice string `parquet:"choice"`
		Rater  string `parquet:"rater"`
	}
	type numbered struct {
		First  string `parquet:"first"`
		Second string `parquet:"second"`
		Choice string `parquet:"choice"`
		Rater  int64  `parquet:"rater"`
	}
	type alone struct {
		First  string `parquet:"first"`
		Second string `parquet:"second"`
		Choice string `parquet:"choice"`
	}
	type incomplete struct {
		First  string `parquet:"first"`
		Choice string `parquet:"choice"`
	}
	path := func(name string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	for name, one := range map[string]struct {
		path, rater string
	}{
		"names":   {path("names.parquet", table.WriteAll(filepath.Join(dir, "names.parquet"), []named{{"a1", "a3", "second", "ann"}})), "ann"},
		"numbers": {path("numbers.parquet", table.WriteAll(filepath.Join(dir, "numbers.parquet"), []numbered{{"a1", "a3", "second", 4}})), "4"},
		"one":     {path("one.parquet", table.WriteAll(filepath.Join(dir, "one.parquet"), []alone{{"a1", "a3", "second"}})), "rater"},
	} {
		got, findings := ImportComparisons(one.path, comparedImages())
		if len(findings) > 0 || len(got) != 1 || got[0].Rater != one.rater || got[0].Choice != "second" || got[0].Prompt != "prompt a" {
			t.Errorf("%s: %+v, %v", name, got, findings)
		}
	}
	wrong := path("wrong.parquet", table.WriteAll(filepath.Join(dir, "wrong.parquet"), []named{{"a1", "b1", "second", "ann"}}))
	if _, findings := ImportComparisons(wrong, comparedImages()); len(findings) != 1 || findings[0].Summary != "The images are of different prompts" || findings[0].Subject.Start.Line != 1 {
		t.Errorf("got %v", findings)
	}
	lacking := path("lacking.parquet", table.WriteAll(filepath.Join(dir, "lacking.parquet"), []incomplete{{"a1", "tie"}}))
	if _, findings := ImportComparisons(lacking, comparedImages()); len(findings) != 1 || !strings.Contains(findings[0].Summary, `There is no column "second"`) {
		t.Errorf("got %v", findings)
	}
	if err := os.WriteFile(filepath.Join(dir, "damaged.parquet"), []byte("PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, findings := ImportComparisons(filepath.Join(dir, "damaged.parquet"), comparedImages()); len(findings) != 1 || findings[0].Summary != "The comparisons cannot be read" {
		t.Errorf("got %v", findings)
	}
}

func TestImportComparisonsReportsAllMistakes(t *testing.T) {
	got, findings := importText(t, strings.Join([]string{
		"first,second,choice,rater",
		"a1,a2,firts,ann",
		"a1,zz,tie,ann",
		",a2,tie,ann",
		"a1,b1,first,ann",
		"a2,a2,first,ann",
		"a1,a3,first,ann",
		"a3,a1,first,ann",
		"a1,a3,first,",
		"a1,a3",
		"a1,a3,first,bob",
	}, "\n")+"\n")
	var said []string
	for _, d := range findings {
		said = append(said, fmt.Sprintf("%d:%d %s", d.Subject.Start.Line, d.Subject.Start.Column, d.Summary))
	}
	want := []string{
		`2:7 "firts" is not a choice`,
		`3:4 There is no image "zz"`,
		`4:1 The image's ID is missing`,
		`5:4 The images are of different prompts`,
		`6:4 Image "a2" is compared with itself`,
		`8:1 Rater "ann" has compared "a3" and "a1" before`,
		`9:13 The rater is missing`,
		`10:1 The line has 2 fields`,
	}
	if diff := cmp.Diff(want, said); diff != "" || got != nil {
		t.Errorf("%v, findings differ (-want +got):\n%s", got, diff)
	}
	if !strings.Contains(findings[0].Detail, `Did you mean "first"?`) || !strings.Contains(findings[5].Detail, "on line 7") {
		t.Errorf("got %q and %q", findings[0].Detail, findings[5].Detail)
	}
}

func TestImportComparisonsOfWrongFiles(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "The file is empty",
		"first,second,choise\na1,a2,x": `There is no column "choice"`,
		"first,second,choice\n":        "The file has no comparisons",
		"first,second,choice\na1,a2,":  "The file has no comparisons",
		"first,second,choice\n\"a1,a2": "The line is not CSV",
	} {
		got, findings := importText(t, text)
		if got != nil || len(findings) == 0 || findings[0].Summary != want {
			t.Errorf("%q: %v, %v, want %s", text, got, findings, want)
		}
	}
	odd := "first,second,choice\n" + strings.Repeat("a1,b1\n", 200)
	if _, findings := importText(t, odd); len(findings) != maxFindings {
		t.Errorf("%d findings", len(findings))
	}
	many := "first,second,choice\n" + strings.Repeat("a1,b1,tie\n", 200)
	if _, findings := importText(t, many); len(findings) != maxFindings+1 {
		t.Errorf("%d findings", len(findings))
	}
}

func FuzzImportComparisons(f *testing.F) {
	f.Add([]byte("first,second,choice,rater\na1,a2,first,ann\n"), false)
	f.Add([]byte("PAR1"), true)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte, parquet bool) {
		path := filepath.Join(dir, "pairs.csv")
		if parquet {
			path = filepath.Join(dir, "pairs.parquet")
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		got, findings := ImportComparisons(path, comparedImages())
		if (len(got) == 0) != findings.HasErrors() {
			t.Fatalf("%d comparisons beside %v", len(got), findings)
		}
	})
}
