package imagefolder

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestCaptions: the images that Read hands on, in their order, but for the pixels.
func TestCaptions(t *testing.T) {
	dir := t.TempDir()
	png, err := imaging.EncodePNG(imaging.Image{Width: 1, Height: 1, RGB: []byte{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"a.png": png, "b.png": png, "c.png": png, "d.png": png,
		"metadata.jsonl": []byte(`{"file_name": "a.png", "text": "x", "split": "unseen"}
{"file_name": "b.png", "text": "x", "category": "k", "slots": {"color": "red"}}
{"file_name": "c.png", "text": "y", "id": "third"}
{"file_name": "d.png", "text": "x"}
`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []Folder{{Path: dir}, {Path: dir, Split: "seen"}, {Path: dir, Limit: 2, Seed: 7}} {
		var want []table.Image
		if _, err := folder.Read(t.Context(), func(image table.Image) error {
			image.Image.Bytes = nil
			want = append(want, image)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		got, err := folder.Captions(t.Context(), nil)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: got %+v, %v, want %+v", folder, got, err, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "b.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := (Folder{Path: dir}).Captions(t.Context(), nil); err == nil {
		t.Error("an image that is gone is listed")
	}
}
