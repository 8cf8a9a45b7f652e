package imagefolder

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestMetadataParquet: a table beside the images says the same as a
// metadata.jsonl, to the digest.
func TestMetadataParquet(t *testing.T) {
	type slots struct {
		Color string `parquet:"color,optional"`
		Count string `parquet:"count,optional"`
	}
	type row struct {
		File     string   `parquet:"file_name"`
		Text     string   `parquet:"text,optional"`
		Many     []string `parquet:"many,list"`
		ID       int64    `parquet:"id"`
		Category string   `parquet:"category,optional"`
		Split    string   `parquet:"split,optional"`
		Slots    *slots   `parquet:"slots,optional"`
		Width    float64  `parquet:"width"`
	}
	dir, other := t.TempDir(), t.TempDir()
	red, blue := pixel(t, 255, 0, 0), pixel(t, 0, 0, 255)
	for _, folder := range []string{dir, other} {
		write(t, filepath.Join(folder, "a.png"), red)
		write(t, filepath.Join(folder, "sub", "b.png"), blue)
	}
	writeTable := func(rows ...row) {
		t.Helper()
		if err := parquet.WriteFile(filepath.Join(dir, "metadata.parquet"), rows); err != nil {
			t.Fatal(err)
		}
	}
	writeTable(
		row{File: "a.png", Text: "red", Many: []string{"first", "second"}, ID: 1},
		row{File: "sub/b.png", Text: "blue", ID: 2, Category: "color", Split: "unseen", Slots: &slots{Color: "blue"}},
	)
	write(t, filepath.Join(other, "metadata.jsonl"), []byte(`{"file_name": "a.png", "text": "red", "id": 1}`+"\n"+
		`{"file_name": "sub/b.png", "text": "blue", "id": 2, "category": "color", "split": "unseen", "slots": {"color": "blue"}}`))
	got, inventory, mistakes := read(t, Folder{Path: dir})
	want, wanted, _ := read(t, Folder{Path: other})
	if diff := cmp.Diff(want, got); diff != "" || mistakes != nil || len(want) != 2 {
		t.Errorf("%v (-jsonl +parquet):\n%s", mistakes, diff)
	}
	if inventory != wanted {
		t.Errorf("inventory %+v, of a metadata.jsonl %+v", inventory, wanted)
	}
	writeTable(row{File: "a.png", Many: []string{"first", "second"}, ID: 1})
	if got, inventory, mistakes := read(t, Folder{Path: dir, Caption: "many"}); len(got) != 1 || got[0].Prompt != "first" || inventory.LeftOut != 1 {
		t.Errorf("a list of captions: %v, %+v, %v", got, inventory, mistakes)
	}

	writeTable(row{File: "a.png", Text: "red", ID: 1}, row{Text: "no name", ID: 2}, row{File: "../a.png", Text: "out", ID: 3}, row{File: "gone.png", Text: "gone", ID: 4},
		row{File: "sub/b.png", Text: "caf\xe9", ID: 5}, row{File: "a.png", Text: "again", ID: 6}, row{File: "sub/b.png", ID: 7})
	_, _, mistakes = read(t, Folder{Path: dir})
	for _, want := range []string{"The file_name of row 2 is missing", `"../a.png" is outside`, `"gone.png" cannot be read`, `column "text" of row 5 is not UTF-8`, "metadata.parquet:1", `"sub/b.png" has no caption`} {
		if len(mistakes) != 6 || !strings.Contains(mistakes.Error(), want) {
			t.Errorf("%d mistakes do not say %q: %v", len(mistakes), want, mistakes)
		}
	}
	for caption, want := range map[string]string{"captoin": `There is no column "captoin"`, "width": `The column "width" holds no text`} {
		if _, _, mistakes := read(t, Folder{Path: dir, Caption: caption}); !strings.Contains(mistakes.Error(), want) {
			t.Errorf("caption %s: %v", caption, mistakes)
		}
	}
	// A table that is none, one that names no files, and one that holds images.
	write(t, filepath.Join(dir, "metadata.parquet"), []byte("PAR1 and nothing"))
	if _, _, mistakes := read(t, Folder{Path: dir}); !strings.Contains(mistakes.Error(), "The table cannot be read") {
		t.Errorf("a damaged table: %v", mistakes)
	}
	if err := parquet.WriteFile(filepath.Join(dir, "metadata.parquet"), []struct {
		Text string `parquet:"text"`
	}{{"x"}}); err != nil {
		t.Fatal(err)
	}
	if _, _, mistakes := read(t, Folder{Path: dir}); !strings.Contains(mistakes.Error(), `no column "file_name"`) {
		t.Errorf("no file names: %v", mistakes)
	}
	if err := table.WriteAll(filepath.Join(dir, "metadata.parquet"), []table.Image{{ID: "i", Image: table.File{Bytes: red, Path: "i.png"}, Prompt: "p", Split: "seen"}}); err != nil {
		t.Fatal(err)
	}
	if got, _, mistakes := read(t, Folder{Path: dir}); len(got) != 1 || got[0].ID != "i" {
		t.Errorf("a table of images: %v, %v", got, mistakes)
	}
}
