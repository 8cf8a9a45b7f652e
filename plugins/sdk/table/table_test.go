package table

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// roundTrip writes rows in batches of random sizes and reads them back.
func roundTrip[T any](t *rapid.T, dir, name string, row *rapid.Generator[T]) {
	rows := rapid.SliceOfN(row, 0, 3*chunk).Draw(t, "rows")
	path := filepath.Join(dir, name)
	w, err := NewWriter[T](path)
	if err != nil {
		t.Fatal(err)
	}
	for rest := rows; len(rest) > 0; {
		n := rapid.IntRange(0, len(rest)).Draw(t, "batch")
		if err := w.Write(rest[:n]...); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadAll[T](path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
		t.Fatalf("rows changed (-written +read):\n%s", diff)
	}
	if n, err := Rows(path); err != nil || n != len(rows) {
		t.Fatalf("Rows = %d, %v; want %d", n, err, len(rows))
	}

	again := path + ".again"
	if err := WriteAll(again, rows); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	second, _ := os.ReadFile(again)
	if !bytes.Equal(first, second) {
		t.Fatal("the same rows in other batches gave other bytes")
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		roundTrip(t, dir, "images", rapid.Custom(func(t *rapid.T) Image {
			image := Image{
				ID:       text.Draw(t, "id"),
				Prompt:   text.Draw(t, "prompt"),
				Category: text.Draw(t, "category"),
				Split:    rapid.SampledFrom([]string{"seen", "unseen"}).Draw(t, "split"),
				Index:    rapid.Int32().Draw(t, "index"),
				Seed:     rapid.Uint64().Draw(t, "seed"),
				Slots:    rapid.MapOf(text, text).Draw(t, "slots"),
			}
			image.Image.Bytes = rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
			image.Image.Path = text.Draw(t, "path")
			return image
		}))
	})
	rapid.Check(t, func(t *rapid.T) { roundTrip(t, dir, "labels", rapid.Make[Label]()) })
	rapid.Check(t, func(t *rapid.T) {
		roundTrip(t, dir, "scores", rapid.Map(rapid.Make[Score](), func(s Score) Score { s.Parts = nil; return s })) // TestPartsRoundTrip has those
	})
	rapid.Check(t, func(t *rapid.T) { roundTrip(t, dir, "features", rapid.Make[Feature]()) })
}

// someImages returns n images of the given number of bytes each.
func someImages(n, bytes int) []Image {
	random := rand.NewChaCha8([32]byte{1})
	images := make([]Image, n)
	for i := range images {
		content := make([]byte, bytes)
		random.Read(content)
		images[i] = Image{
			ID:       fmt.Sprintf("color-%04d-0", i),
			Image:    File{Bytes: content, Path: fmt.Sprintf("color-%04d-0.png", i)},
			Prompt:   "a red circle",
			Category: "color",
			Split:    "seen",
			Slots:    map[string]string{"color": "red", "object": "circle"},
			Seed:     uint64(i),
		}
	}
	return images
}

// The digests of tables are in the keys of all later stages. If a new version
// of a library changes the bytes, everything runs again: this test makes that a
// decision, and the new digests go here.
func TestBytesArePinned(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		write func(path string) error
		want  string
	}{
		"images": {func(path string) error { return WriteAll(path, someImages(40, 300)) }, "64b91ffa2dd31a1f"},
		"scores": {func(path string) error {
			return WriteAll(path, []Score{{"a", "a red circle", "color", "seen", 0.25, nil}})
		}, "f62a1b589f93ba4b"},
		"features": {func(path string) error { return WriteAll(path, []Feature{{"a", []float32{1, -2}}, {"b", nil}}) }, "e7f1776e7ae5931e"},
	} {
		path := filepath.Join(dir, name)
		if err := c.write(path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(b))[:16]; got != c.want {
			t.Errorf("%s: the digest begins with %s, was %s", name, got, c.want)
		}
	}
}

func TestRowGroupsAreBounded(t *testing.T) {
	const size = 1 << 20
	path := filepath.Join(t.TempDir(), "images.parquet")
	images := someImages(100, size)
	if err := WriteAll(path, images); err != nil {
		t.Fatal(err)
	}
	table, err := openTable(path)
	if err != nil {
		t.Fatal(err)
	}
	defer table.close()
	groups := table.parquet.Metadata().RowGroups
	if len(groups) < 2 {
		t.Errorf("100 MiB are in %d row groups", len(groups))
	}
	for i, g := range groups {
		if g.TotalByteSize > rowGroupBytes+chunk*size {
			t.Errorf("row group %d has %d bytes", i, g.TotalByteSize)
		}
	}
	got, err := ReadAll[Image](path)
	if err != nil {
		t.Fatal(err)
	}
	for i, image := range got {
		if !bytes.Equal(image.Image.Bytes, images[i].Image.Bytes) {
			t.Fatalf("image %d changed", i)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if over := info.Size() - 100*size; over > 200<<10 {
		t.Errorf("the table needs %d bytes more than its images", over)
	}
}

func TestImageColumnIsHuggingFaceImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.parquet")
	if err := WriteAll(path, someImages(1, 8)); err != nil {
		t.Fatal(err)
	}
	table, err := openTable(path)
	if err != nil {
		t.Fatal(err)
	}
	defer table.close()
	if got, ok := table.parquet.Lookup("huggingface"); !ok || got != huggingFace {
		t.Errorf("metadata huggingface = %q, %v", got, ok)
	}
	// datasets takes the metadata at its word only if Arrow's type is that of
	// its Image: struct<bytes: binary, path: string>, all three nullable.
	schema := table.parquet.Schema().String()
	for _, want := range []string{"optional group image", "optional binary bytes;", "optional binary path (STRING)", "required binary slots (STRING)"} {
		if !strings.Contains(schema, want) {
			t.Errorf("schema lacks %q:\n%s", want, schema)
		}
	}
}

func TestCaptionsReadNoPixels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.parquet")
	images := someImages(3, 8)
	if err := WriteAll(path, images); err != nil {
		t.Fatal(err)
	}
	got, err := Captions(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(images)
	for i := range want {
		want[i].Image = File{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("captions (-want +got):\n%s", diff)
	}
	if err := WriteAll(path, append(images, images[0])); err != nil {
		t.Fatal(err)
	}
	if _, err := Captions(t.Context(), path); err == nil || !strings.Contains(err.Error(), "occurs twice") {
		t.Errorf("an ID that occurs twice: %v", err)
	}
}

func TestWrongColumns(t *testing.T) {
	type scoreOfInts struct {
		ImageID  string `parquet:"image_id"`
		Prompt   string `parquet:"prompt"`
		Category string `parquet:"category"`
		Split    string `parquet:"split"`
		Score    int64  `parquet:"score"`
	}
	type scores struct {
		ImageID  string    `parquet:"image_id"`
		Prompt   string    `parquet:"prompt"`
		Category string    `parquet:"category"`
		Split    string    `parquet:"split"`
		Score    []float64 `parquet:"score"`
	}
	dir := t.TempDir()
	check := func(name string, write error, column, message string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if write != nil {
			t.Fatal(write)
		}
		_, err := ReadAll[Score](path)
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Path != path || wrong.Column != column || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v; want column %q and %q", name, err, column, message)
		}
	}
	check("labels", WriteAll(filepath.Join(dir, "labels"), []Label{{}}), "score", "is missing; the file has image_id")
	check("ints", WriteAll(filepath.Join(dir, "ints"), []scoreOfInts{{}}), "score", "holds INT(64,true) where DOUBLE is needed")
	check("lists", WriteAll(filepath.Join(dir, "lists"), []scores{{}}), "score", "is a list")
}

// Tables by other writers have optional columns, and more of them.
func TestForeignColumns(t *testing.T) {
	type foreign struct {
		Extra    []string `parquet:"extra,list"`
		Split    *string  `parquet:"split,optional"`
		Score    *float64 `parquet:"score,optional"`
		Category *string  `parquet:"category,optional"`
		Prompt   *string  `parquet:"prompt,optional"`
		ImageID  *string  `parquet:"image_id,optional"`
	}
	path := filepath.Join(t.TempDir(), "scores.parquet")
	id, score := "a", 0.5
	if err := parquet.WriteFile(path, []foreign{{Extra: []string{"x", "y"}, ImageID: &id, Score: &score}, {}}); err != nil {
		t.Fatal(err)
	}
	got, err := ReadAll[Score](path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Score{{ImageID: "a", Score: 0.5}, {}}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestDamagedTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.parquet")
	if err := WriteAll(path, someImages(40, 300)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ReadAll[Image](path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.parquet")
	read := func(b []byte) ([]Image, error) {
		t.Helper()
		if err := os.WriteFile(damaged, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return ReadAll[Image](damaged)
	}

	for _, n := range []int{0, 1, 4, 11, 12, len(whole) / 2, len(whole) - 1} {
		if _, err := read(whole[:n]); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), damaged) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	// A cut in the middle whose end looks right.
	if _, err := read(append(append([]byte{}, whole[:400]...), whole[2000:]...)); err == nil {
		t.Error("a table without its middle was read")
	}
	if _, err := read([]byte(strings.Repeat("PAR1", 100))); !errors.Is(err, ErrDamaged) {
		t.Errorf("garbage: %v", err)
	}
	if _, err := ReadAll[Image](filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing table: %v", err)
	}
	if _, err := Rows(damaged); !errors.Is(err, ErrDamaged) {
		t.Errorf("Rows of a damaged table: %v", err)
	}

	// A flipped bit is an error, or in a place that means nothing (statistics,
	// names of encodings); in the pixels it is always an error, by the pages'
	// checksums.
	silent := 0
	for i := 0; i < len(whole); i += 3 {
		b := bytes.Clone(whole)
		b[i] ^= 0x10
		got, err := read(b)
		if err != nil {
			continue
		}
		if !reflect.DeepEqual(want, got) {
			silent++
		}
	}
	if silent > len(whole)/200 {
		t.Errorf("%d of %d flipped bits changed rows without an error", silent, len(whole))
	}
	t.Logf("%d of %d flipped bits changed rows without an error", silent, len(whole))
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	path := filepath.Join(t.TempDir(), "scores.parquet")
	w, err := NewWriter[Score](path)
	if err != nil {
		t.Fatal(err)
	}
	w.sink = newSink[Score](full)
	err = errors.Join(w.Write(make([]Score, 1000)...), w.Close())
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("writing to a full disk: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("a failed table left %v", left)
	}
}

func TestUnfinishedTableLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores.parquet")
	w, err := NewWriter[Score](path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Score{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an unfinished table is at its path: %v", err)
	}
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("a discarded table left %v", left)
	}
	if err := w.Write(Score{}); err == nil {
		t.Error("a discarded table takes rows")
	}
}

// edited is a file after edits of four bytes each: what is done, where (two bytes), and
// a value. Fuzzing edits of a good file, and not all of its bytes, the engine comes
// further into the format, and is quick to make an input that it likes a smaller one.
func edited(good, edits []byte) []byte {
	b := bytes.Clone(good)
	for ; len(edits) >= 4 && len(b) > 0; edits = edits[4:] {
		at, value := (int(edits[1])<<8|int(edits[2]))%len(b), edits[3]
		switch edits[0] % 5 {
		case 0:
			b[at] = value
		case 1:
			b[at] ^= 1 << (value % 8)
		case 2:
			b = slices.Insert(b, at, value)
		case 3:
			b = slices.Delete(b, at, min(at+int(value), len(b)))
		case 4: // from the end, where the footer is
			b[len(b)-1-at%min(len(b), 600)] = value
		}
	}
	return b
}

func FuzzRead(f *testing.F) {
	// One file in memory, where there is such a place: a disk would take nearly all of
	// the time.
	dir, err := os.MkdirTemp("/dev/shm", "fuzz")
	if err != nil {
		dir = f.TempDir()
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "table")
	var good [][]byte
	for i, write := range []func() error{
		func() error { return WriteAll(path, someImages(20, 20)) },
		func() error { return WriteAll(path, []Feature{{"a", []float32{1, 2}}, {"b", nil}}) },
		func() error { return WriteAll[Score](path, nil) },
		func() error { return os.WriteFile(path, []byte("PAR1"), 0o644) },
	} {
		if err := write(); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		good = append(good, b)
		f.Add(byte(i), []byte{})
		f.Add(byte(i), []byte{1, 2, 3, 4, 4, 0, 9, 200})
	}
	f.Fuzz(func(t *testing.T, which byte, edits []byte) {
		if err := os.WriteFile(path, edited(good[int(which)%len(good)], edits), 0o644); err != nil {
			t.Fatal(err)
		}
		images, err := ReadAll[Image](path)
		if n, rowsErr := Rows(path); err == nil && (rowsErr != nil || n != len(images)) {
			t.Errorf("%d rows read, Rows says %d, %v", len(images), n, rowsErr)
		}
		if _, err := ReadAll[Feature](path); err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name the file: %v", err)
		}
	})
}
