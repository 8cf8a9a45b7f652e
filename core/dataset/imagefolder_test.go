package dataset

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
)

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func pixel(t *testing.T, rgb ...byte) []byte {
	t.Helper()
	b, err := EncodePNG(1, 1, rgb)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// load returns the images and the mistakes of a folder.
func load(t *testing.T, path string) (images []Image, mistakes diag.List) {
	t.Helper()
	for image, err := range ImageFolder(path) {
		var list diag.List
		switch {
		case errors.As(err, &list):
			mistakes = append(mistakes, list...)
		case err != nil:
			t.Fatal(err)
		default:
			images = append(images, image)
		}
	}
	return images, mistakes
}

func TestImageFolder(t *testing.T) {
	dir := t.TempDir()
	red, blue := pixel(t, 255, 0, 0), pixel(t, 0, 0, 255)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 3, 2)), nil); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.png"), red)
	write(t, filepath.Join(dir, "sub/b.png"), blue)
	write(t, filepath.Join(dir, "sub/c.jpg"), photo.Bytes())
	write(t, filepath.Join(dir, "metadata.jsonl"), []byte(
		`{"file_name": "a.png", "text": "red", "other": [1]}`+"\n\n"+
			`{"file_name": "sub/b.png", "caption": "red", "id": "b", "category": "color", "split": "unseen", "slots": {"color": "red"}}`))
	write(t, filepath.Join(dir, "sub/metadata.csv"), []byte("text,file_name\n\"a, photo\",c.jpg\n"))

	got, mistakes := load(t, dir)
	want := []Image{
		{ID: "a.png", Image: File{red, "a.png"}, Prompt: "red", Split: "seen"},
		{ID: "b", Image: File{blue, "sub/b.png"}, Prompt: "red", Category: "color", Split: "unseen", Slots: map[string]string{"color": "red"}, Index: 1},
		{ID: "sub/c.jpg", Image: File{Path: "c.jpg"}, Prompt: "a, photo", Split: "seen"},
	}
	if len(got) == 3 {
		if width, height, _, err := DecodePNG(got[2].Image.Bytes); err != nil || width != 3 || height != 2 {
			t.Errorf("the photo became %d by %d, %v", width, height, err)
		}
		got[2].Image.Bytes = nil
	}
	if diff := cmp.Diff(want, got); diff != "" || mistakes != nil {
		t.Errorf("%v (-want +got):\n%s", mistakes, diff)
	}
}

func TestImageFolderGoesOnAfterMistakes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), pixel(t, 1, 2, 3))
	write(t, filepath.Join(dir, "broken.png"), []byte("\x89PNG\r\n\x1a\nbroken"))
	path := filepath.Join(dir, "metadata.jsonl")
	write(t, path, []byte(strings.Join([]string{
		`{"file_name": "none.png", "text": "x"}`,
		`{"file_name": "../a.png", "text": "x"}`,
		`{"file_name": "broken.png", "text": "x"}`,
		`{"text": "x"}`,
		`{"file_name": "a.png"}`,
		`{"file_name": `,
		`{"file_name": "a.png", "text": "x"}`,
		`{"file_name": "a.png", "text": "x"}`,
	}, "\n")))
	images, mistakes := load(t, dir)
	if len(images) != 1 || len(mistakes) != 7 {
		t.Fatalf("%d images, mistakes: %v", len(images), mistakes)
	}
	for i, line := range []int{1, 2, 3, 4, 5, 6, 8} {
		if got := mistakes[i].Subject; got.File != path || got.Start.Line != line {
			t.Errorf("mistake %d is at %s:%d, want line %d: %s", i, got.File, got.Start.Line, line, mistakes[i].Summary)
		}
	}
	if _, mistakes := load(t, t.TempDir()); len(mistakes) != 1 || !strings.Contains(mistakes[0].Detail, "metadata.jsonl") {
		t.Errorf("an empty folder: %v", mistakes)
	}
}

func TestImageFolderOfParquet(t *testing.T) {
	type foreign struct {
		Image *File  `parquet:"image,optional"`
		Text  string `parquet:"text"`
	}
	dir := t.TempDir()
	red := pixel(t, 255, 0, 0)
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(filepath.Join(dir, "data/train-00000.parquet"), []foreign{
		{&File{Bytes: red, Path: "x.png"}, "red"}, {nil, "none"}, {&File{Bytes: red}, "red"},
	}); err != nil {
		t.Fatal(err)
	}
	got, mistakes := load(t, dir)
	want := []Image{
		{ID: "train-00000-000001", Image: File{red, "x.png"}, Prompt: "red", Split: "seen"},
		{ID: "train-00000-000003", Image: File{red, "train-00000-000003.png"}, Prompt: "red", Split: "seen", Index: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if len(mistakes) != 1 || mistakes[0].Subject.Start.Line != 2 {
		t.Errorf("mistakes: %v", mistakes)
	}

	ours := []Image{{ID: "i", Image: File{red, "i.png"}, Prompt: "p", Category: "c", Split: "unseen", Slots: map[string]string{"a": "b"}}}
	path := filepath.Join(dir, "ours.parquet")
	if err := WriteAll(path, ours); err != nil {
		t.Fatal(err)
	}
	got, mistakes = load(t, path)
	if diff := cmp.Diff(ours, got, cmpopts.EquateEmpty()); diff != "" || mistakes != nil {
		t.Errorf("%v (-want +got):\n%s", mistakes, diff)
	}

	if err := WriteAll(path, []Score{{}}); err != nil {
		t.Fatal(err)
	}
	for _, err := range ImageFolder(path) {
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Column != "image.bytes" {
			t.Errorf("a table without images: %v", err)
		}
	}
}
