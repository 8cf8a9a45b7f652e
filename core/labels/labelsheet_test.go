package labels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestLabelSheet: what is written out for people comes back in with their labels.
func TestLabelSheet(t *testing.T) {
	png, err := imaging.EncodePNG(imaging.Image{Width: 1, Height: 1, RGB: []byte{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	images := []table.Image{
		{ID: "color/0000/000", Prompt: `a "red", large circle`, Split: "seen", Image: table.File{Bytes: png}},
		{ID: "color/0000/001", Prompt: `a "red", large circle`, Split: "seen", Index: 1, Image: table.File{Bytes: png}},
		{ID: "photo.png", Prompt: "a cat", Split: "unseen", Image: table.File{Bytes: png}},
	}
	path := filepath.Join(t.TempDir(), "images.parquet")
	if err := table.WriteAll(path, images); err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(t.TempDir(), "to label")
	if n, err := WriteSheet(path, directory); err != nil || n != len(images) {
		t.Fatalf("%d images, %v", n, err)
	}
	for _, name := range []string{"color/0000/001.png", "photo.png"} {
		if content, err := os.ReadFile(filepath.Join(directory, name)); err != nil || string(content) != string(png) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := WriteSheet(path, directory); err == nil {
		t.Error("a sheet with labels may have been overwritten")
	}

	sheet := filepath.Join(directory, Sheet)
	content, err := os.ReadFile(sheet)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	if lines[1] != `color/0000/000,,"a ""red"", large circle",0,color/0000/000.png`+"\n" {
		t.Errorf("row %s", lines[1])
	}
	for i, label := range []string{"good", "skip"} {
		lines[i+1] = strings.Replace(lines[i+1], ",,", ","+label+",", 1)
	}
	if err := os.WriteFile(sheet, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	known, err := table.Captions(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	labels, findings := Import(sheet, table.ByID(known))
	if findings.HasErrors() || len(labels) != 2 || labels[1].ImageID != "color/0000/001" || labels[1].Label != "skip" {
		t.Errorf("%v, %v", labels, findings)
	}

	images[0].ID = "../outside"
	if err := table.WriteAll(path, images); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteSheet(path, t.TempDir()); err == nil || !strings.Contains(err.Error(), "../outside") {
		t.Errorf("an image outside of the directory: %v", err)
	}
}
