package labels

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestBlindSheet: images of two tables are mixed in one sheet that does not tell
// them apart; its labels come back to the images of either.
func TestBlindSheet(t *testing.T) {
	picture := func(grey byte) table.File {
		png, err := imaging.EncodePNG(imaging.Image{Width: 1, Height: 1, RGB: []byte{grey, grey, grey}})
		if err != nil {
			t.Fatal(err)
		}
		return table.File{Bytes: png}
	}
	// The same IDs in both tables, one picture in both, one of two prompts.
	base := []table.Image{
		{ID: "color/0000/000", Prompt: "a cat", Category: "color", Split: "seen", Image: picture(1)},
		{ID: "color/0001/000", Prompt: "a dog", Category: "color", Split: "unseen", Image: picture(2)},
	}
	tuned := []table.Image{
		{ID: "color/0000/000", Prompt: "a cat", Category: "color", Split: "seen", Image: picture(2)},
		{ID: "color/0001/000", Prompt: "a dog", Category: "color", Split: "unseen", Image: picture(2)},
	}
	var tables []string
	for _, images := range [][]table.Image{base, tuned} {
		path := filepath.Join(t.TempDir(), "images.parquet")
		if err := table.WriteAll(path, images); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, path)
	}
	directory := filepath.Join(t.TempDir(), "to judge")
	if n, err := WriteBlindSheet(tables, nil, directory); err != nil || n != 3 {
		t.Fatalf("%d images, %v; want 3", n, err)
	}
	sheet := filepath.Join(directory, Sheet)
	content, err := os.ReadFile(sheet)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, row := range rows[1:] {
		if _, err := os.Stat(filepath.Join(directory, row[3])); err != nil || strings.Contains(strings.Join(row, " "), "0000/0") {
			t.Errorf("row %v: %v", row, err)
		}
	}
	if _, err := WriteBlindSheet(tables, nil, directory); err == nil {
		t.Error("a sheet with labels may have been overwritten")
	}

	// zoe judges everything; ann one image of the tuned model alone.
	blind := func(images []table.Image) map[string]table.Image {
		byID := map[string]table.Image{}
		for _, image := range images {
			byID[blindID(t, image)] = image
		}
		return byID
	}
	text := "image_id,label,rater\n" + blindID(t, tuned[0]) + ",good,ann\n"
	for _, row := range rows[1:] {
		text += row[0] + ",bad,zoe\n"
	}
	if err := os.WriteFile(sheet, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	labels, findings := ImportBlind(sheet, blind(base))
	if findings.HasErrors() || len(labels) != 2 {
		t.Fatalf("%v, %v", labels, findings)
	}
	for _, label := range labels {
		if label.Rater != "zoe" || label.Label != "bad" {
			t.Errorf("%+v", label)
		}
	}
	if !slices.ContainsFunc(labels, func(l table.Label) bool {
		return l.ImageID == "color/0001/000" && l.Prompt == "a dog" && l.Split == "unseen"
	}) {
		t.Errorf("no label of the dog: %+v", labels)
	}
	if labels, _ := ImportBlind(sheet, blind(tuned)); len(labels) != 3 {
		t.Errorf("tuned: %+v", labels)
	}

	// What is judged already is not written again.
	known, findings := IDs(sheet)
	if findings.HasErrors() || len(known) != 3 {
		t.Fatalf("%v, %v", known, findings)
	}
	if n, err := WriteBlindSheet(tables, known, t.TempDir()); err != nil || n != 0 {
		t.Errorf("%d images again, %v", n, err)
	}
	delete(known, blindID(t, base[0]))
	if n, err := WriteBlindSheet(tables, known, t.TempDir()); err != nil || n != 1 {
		t.Errorf("%d images, %v; want 1", n, err)
	}

	// IDs of an ordinary sheet are a mistake, with its line.
	if err := os.WriteFile(sheet, []byte("image_id,label\ncolor/0000/000,good\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if labels, findings := ImportBlind(sheet, blind(base)); labels != nil || !findings.HasErrors() || findings[0].Subject.Start.Line != 2 {
		t.Errorf("%v, %v", labels, findings)
	}
}

func blindID(t *testing.T, image table.Image) string {
	t.Helper()
	id, err := BlindID(image)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
