package imagefolder

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// TestCases: folders as people have them are read, or refused in few words that say
// why (testdata/cases); and a scan refuses what reading would refuse.
func TestCases(t *testing.T) {
	for name, want := range map[string]struct {
		prompts []string // of the images
		said    string   // in the mistakes
		count   int      // of mistakes
	}{
		"metadata-csv-cr":                {prompts: []string{"a cat", "a dog"}},
		"metadata-csv-semicolons":        {prompts: []string{"a cat, sleeping", "a dog"}},
		"metadata-csv-utf16":             {said: "UTF-16", count: 1},
		"metadata-other-case":            {prompts: []string{"a cat"}},
		"metadata-other-column":          {said: `There is no column "file_name": There are image, text.`, count: 1},
		"name-backslash":                 {said: `There is "train/1.png": write / in place of \`, count: 1},
		"orientation-long":               {prompts: []string{"a picture"}},
		"orientation-webp":               {prompts: []string{"a picture"}},
		"orientation-tiff":               {said: "it is a TIFF image", count: 1},
		"png-16-bit-rgba":                {prompts: []string{"a picture"}},
		"png-16-bit-trns":                {prompts: []string{"a picture"}},
		"bmp-run-lengths":                {said: "it is a BMP with run lengths (RLE8)", count: 1},
		"parquet-lz4-images":             {prompts: []string{"two red rings", `a moon, "big"`}},
		"parquet-lz4-old-framing":        {prompts: []string{"two red rings", "b"}},
		"split-other-words":              {said: `has the split "train"`, count: 1},
		"split-train-test-parquet":       {said: `has the split "test"`, count: 2},
		"columns-twice-table":            {said: `The column "text" is there twice`, count: 1},
		"columns-twice-metadata-parquet": {said: `The column "text" is there twice`, count: 1},
		"columns-twice-metadata-jsonl":   {said: `The column "text" is there twice`, count: 1},
		"columns-twice-metadata-csv":     {said: `The column "split" is there twice`, count: 1},
	} {
		t.Run(name, func(t *testing.T) {
			folder := Folder{Path: filepath.Join("testdata/cases", name)}
			images, _, mistakes := read(t, folder)
			var prompts []string
			for _, image := range images {
				prompts = append(prompts, image.Prompt)
			}
			if !slices.Equal(prompts, want.prompts) && !(len(want.prompts) == 1 && len(prompts) == 1) || len(mistakes) != want.count || want.count > 0 && !strings.Contains(mistakes.Error(), want.said) {
				t.Errorf("%q, %v; want %q, %q", prompts, mistakes, want.prompts, want.said)
			}
			_, err := folder.Scan(t.Context(), nil)
			var early diag.List
			if errors.As(err, &early); len(early) != want.count {
				t.Errorf("a scan finds %v", err)
			}
			expected, err := os.ReadFile(folder.Path + ".expected.png")
			if err != nil {
				return
			}
			pixels, err := imaging.Decode(expected, imaging.Exchanged)
			if err != nil {
				t.Fatal(err)
			}
			got, err := imaging.Decode(images[0].Image.Bytes, imaging.Exchanged)
			if err != nil || got.Width != pixels.Width || got.Height != pixels.Height {
				t.Fatalf("%d by %d, %v", got.Width, got.Height, err)
			}
			within := map[bool]int{true: 2}[name == "orientation-long"] // JPEG
			for i, v := range got.RGB {
				if d := int(v) - int(pixels.RGB[i]); d > within || d < -within {
					t.Fatalf("value %d is %d, want %d", i, v, pixels.RGB[i])
				}
			}
		})
	}
}

// TestPicturesOfLZ4: the images of a table compressed by LZ4 are those that were put
// into it.
func TestPicturesOfLZ4(t *testing.T) {
	images, _, mistakes := read(t, Folder{Path: "testdata/cases/parquet-lz4-images"})
	if len(images) != 2 {
		t.Fatal(images, mistakes)
	}
	for i, name := range []string{"0000.png", "0001.png"} {
		want, err := os.ReadFile(filepath.Join("../../experiments/tiny_sd/pictures", name))
		if err != nil {
			t.Fatal(err)
		}
		a, errA := imaging.Decode(want, imaging.Foreign)
		b, errB := imaging.Decode(images[i].Image.Bytes, imaging.Foreign)
		if errA != nil || errB != nil || !bytes.Equal(a.RGB, b.RGB) {
			t.Errorf("image %d is another: %v, %v", i, errA, errB)
		}
	}
}

// TestNames: a file whose name differs in its form of Unicode is named once.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cafe\u0301.png"), pixel(t, 1, 2, 3))
	write(t, filepath.Join(dir, "caf\u00e8.png"), pixel(t, 1, 2, 3))
	write(t, filepath.Join(dir, "metadata.jsonl"), []byte("{\"file_name\": \"caf\u00e9.png\", \"text\": \"a\"}\n{\"file_name\": \"cafe\u0300.png\", \"text\": \"a\"}\n"))
	_, _, mistakes := read(t, Folder{Path: dir})
	if len(mistakes) != 2 || !strings.Contains(mistakes.Error(), "other form of Unicode") || !strings.Contains(mistakes.Error(), "decomposed, NFD; the one here is composed, NFC") {
		t.Errorf("%v", mistakes)
	}
}

// TestScanFindsWhatReadingWould: also when the digests of other files are remembered,
// and again after a mistake.
func TestScanFindsWhatReadingWould(t *testing.T) {
	type file struct {
		Bytes []byte  `parquet:"bytes,optional"`
		Path  *string `parquet:"path,optional"`
	}
	type row struct {
		Image file   `parquet:"image,optional"`
		Text  string `parquet:"text"`
	}
	path := "a.png"
	avif := []byte("\x00\x00\x00\x20ftypavif\x00\x00\x00\x00mif1miaf")
	good := row{file{pixel(t, 1, 2, 3), nil}, "x"}
	for name, test := range map[string]struct {
		rows []row
		said string
	}{
		"null":      {[]row{good, {file{nil, nil}, "x"}}, "Row 2 has no image"},
		"path only": {[]row{{file{nil, &path}, "x"}, {file{nil, &path}, "y"}}, "images that are only named are not read"},
		"AVIF":      {[]row{good, {file{avif, nil}, "x"}}, "it is an AVIF image"},
		"LFS":       {[]row{good, {file{[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"), nil}, "x"}}, "git lfs pull"},
	} {
		dir := t.TempDir()
		if err := parquet.WriteFile(filepath.Join(dir, "t.parquet"), test.rows); err != nil {
			t.Fatal(err)
		}
		old(t, filepath.Join(dir, "t.parquet"))
		memory := digest.NewMemory(filepath.Join(t.TempDir(), "memory"))
		for range 2 {
			_, err := Folder{Path: dir}.Scan(t.Context(), memory)
			var mistakes diag.List
			if !errors.As(err, &mistakes) || len(mistakes) != 1 || !strings.Contains(err.Error(), test.said) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), avif)
	write(t, filepath.Join(dir, "metadata.csv"), []byte("file_name,text\na.png,x\n"))
	memory := digest.NewMemory(filepath.Join(t.TempDir(), "memory"))
	for range 2 {
		if _, err := (Folder{Path: dir}).Scan(t.Context(), memory); err == nil || !strings.Contains(err.Error(), "it is an AVIF image") {
			t.Errorf("a file of AVIF: %v", err)
		}
	}
}

// old makes a file look as if it had been there for long, so that its digest is
// remembered.
func old(t *testing.T, path string) {
	t.Helper()
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
}

func TestSplitsAreSaid(t *testing.T) {
	for want, files := range map[string][]string{
		"":                 {"train-00000-of-00001.parquet", "train-00001.parquet"},
		"test train":       {"data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"},
		"train validation": {"train/metadata.jsonl", "dev/metadata.csv"},
		"test validation":  {"my_val.parquet", "my_eval.parquet"},
	} {
		if got := strings.Join(splitsOf(files), " "); got != want {
			t.Errorf("%v: %q, want %q", files, got, want)
		}
	}
	dir := t.TempDir()
	for _, split := range []string{"train", "test"} {
		write(t, filepath.Join(dir, split, "1.png"), pixel(t, 1, 2, 3))
		write(t, filepath.Join(dir, split, "metadata.jsonl"), []byte(`{"file_name": "1.png", "text": "a"}`))
	}
	if _, inventory, mistakes := read(t, Folder{Path: dir}); inventory.Splits != "test, train" || mistakes != nil {
		t.Errorf("%+v, %v", inventory, mistakes)
	}
	if _, inventory, mistakes := read(t, Folder{Path: dir, Files: "*/metadata.jsonl"}); inventory.Splits != "" || inventory.Images != 2 || mistakes != nil {
		t.Errorf("with a pattern: %+v, %v", inventory, mistakes)
	}
}

// TestOurTables: a table that a stage made has its IDs in image_id.
func TestOurTables(t *testing.T) {
	dir := t.TempDir()
	if err := table.WriteAll(filepath.Join(dir, "images.parquet"), []table.Image{{ID: "color/0001/000", Image: table.File{Bytes: pixel(t, 1, 2, 3)}, Prompt: "p", Split: "unseen"}}); err != nil {
		t.Fatal(err)
	}
	images, _, mistakes := read(t, Folder{Path: dir})
	if mistakes != nil || len(images) != 1 || images[0].ID != "color/0001/000" || images[0].Split != "unseen" {
		t.Errorf("%+v, %v", images, mistakes)
	}
	write(t, filepath.Join(dir, "m/1.png"), pixel(t, 1, 2, 3))
	write(t, filepath.Join(dir, "m/metadata.csv"), []byte("file_name;text;IMAGE_ID;slots\n1.png;a;seven;\"{\"\"color\"\": \"\"red\"\"}\"\n"))
	images, _, mistakes = read(t, Folder{Path: filepath.Join(dir, "m")})
	if mistakes != nil || len(images) != 1 || images[0].ID != "seven" || images[0].Slots["color"] != "red" {
		t.Errorf("%+v, %v", images, mistakes)
	}
}
