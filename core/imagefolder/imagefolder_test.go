package imagefolder

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/digest"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func pixel(t testing.TB, rgb ...byte) []byte {
	t.Helper()
	b, err := imaging.EncodeStored(imaging.Image{Width: 1, Height: 1, RGB: rgb})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plane is an image of one colour.
func plane(width, height int, rgb ...byte) []byte {
	b, err := imaging.EncodeStored(imaging.Image{Width: width, Height: height, RGB: bytes.Repeat(rgb, width*height)})
	if err != nil {
		panic(err)
	}
	return b
}

// read returns the images and the mistakes of a folder, and checks that a scan
// says the same.
func read(t *testing.T, f Folder) ([]table.Image, Inventory, diag.List) {
	t.Helper()
	var images []table.Image
	inventory, err := f.Read(t.Context(), func(image table.Image) error {
		images = append(images, image)
		return nil
	})
	scanned, scanErr := f.Scan(t.Context(), nil)
	var mistakes, early diag.List
	if err != nil && !errors.As(err, &mistakes) || scanErr != nil && !errors.As(scanErr, &early) {
		t.Fatal(err, scanErr)
	}
	if err == nil && (scanned != inventory || scanErr != nil) {
		t.Errorf("scanned %+v, %v, read %+v", scanned, scanErr, inventory)
	}
	if err == nil && inventory.Images != len(images) {
		t.Errorf("%d images, the inventory says %d", len(images), inventory.Images)
	}
	if len(early) > len(mistakes) {
		t.Errorf("a scan finds what reading does not: %v", early)
	}
	return images, inventory, mistakes
}

func TestImageFolder(t *testing.T) {
	dir := t.TempDir()
	red, blue := pixel(t, 255, 0, 0), pixel(t, 0, 0, 255)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 3, 2)), nil); err != nil {
		t.Fatal(err)
	}
	webp, err := os.ReadFile("testdata/small.webp")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a.png"), red)
	write(t, filepath.Join(dir, "d.webp"), webp)
	write(t, filepath.Join(dir, "nobody/speaks/of/me.png"), red)
	write(t, filepath.Join(dir, ".cache/hidden.png"), red)
	write(t, filepath.Join(dir, "sub/b.png"), blue)
	write(t, filepath.Join(dir, "sub/c.jpg"), photo.Bytes())
	write(t, filepath.Join(dir, "metadata.jsonl"), []byte("\xef\xbb\xbf"+
		`{"file_name": "a.png", "text": "red", "other": [1]}`+"\n\n"+
		`{"file_name": "sub/b.png", "caption": "red", "id": 7, "category": "color", "split": "unseen", "slots": {"color": "red"}}`+"\r\n"+
		`{"file_name": "d.webp", "caption": ["the first", "the second"]}`))
	write(t, filepath.Join(dir, "sub/metadata.csv"), []byte("text,file_name\n\"a, photo\",c.jpg\n"))

	got, inventory, mistakes := read(t, Folder{Path: dir})
	want := []table.Image{
		{ID: "a.png", Image: table.File{Bytes: red, Path: "a.png"}, Prompt: "red", Split: "seen"},
		{ID: "7", Image: table.File{Bytes: blue, Path: "sub/b.png"}, Prompt: "red", Category: "color", Split: "unseen", Slots: map[string]string{"color": "red"}, Index: 1},
		{ID: "d.webp", Image: table.File{Path: "d.webp"}, Prompt: "the first", Split: "seen"},
		{ID: "sub/c.jpg", Image: table.File{Path: "c.jpg"}, Prompt: "a, photo", Split: "seen"},
	}
	for i, size := range map[int]image.Point{2: {5, 4}, 3: {3, 2}} {
		if len(got) == len(want) {
			if p, err := imaging.Decode(got[i].Image.Bytes, imaging.Exchanged); err != nil || p.Width != size.X || p.Height != size.Y {
				t.Errorf("image %d became %d by %d, %v", i, p.Width, p.Height, err)
			}
			got[i].Image.Bytes = nil
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || mistakes != nil {
		t.Errorf("%v (-want +got):\n%s", mistakes, diff)
	}
	if inventory.Unseen != 1 || inventory.LeftOut != 1 {
		t.Errorf("inventory %+v", inventory)
	}
	got, _, mistakes = read(t, Folder{Path: dir, Split: "unseen"})
	if len(got) != 1 || got[0].ID != "7" || mistakes != nil {
		t.Errorf("unseen images: %v, %v", got, mistakes)
	}
}

// bomb is a PNG whose header claims a size.
func bomb(width, height uint32) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	content := b.Bytes()
	binary.BigEndian.PutUint32(content[16:], width)
	binary.BigEndian.PutUint32(content[20:], height)
	binary.BigEndian.PutUint32(content[29:], crc32.ChecksumIEEE(content[12:29]))
	return content
}

func TestImageFolderGoesOnAfterMistakes(t *testing.T) {
	dir := t.TempDir()
	whole := plane(40, 30, 9, 9, 9)
	write(t, filepath.Join(dir, "a.png"), pixel(t, 1, 2, 3))
	write(t, filepath.Join(dir, "broken.png"), []byte("\x89PNG\r\n\x1a\nbroken"))
	write(t, filepath.Join(dir, "cut.png"), whole[:len(whole)-20])
	write(t, filepath.Join(dir, "bomb.png"), bomb(60000, 60000))
	write(t, filepath.Join(dir, "empty.png"), nil)
	write(t, filepath.Join(dir, "text.png"), []byte("this is no image"))
	write(t, filepath.Join(dir, "../outside.png"), pixel(t, 1, 2, 3))
	if err := os.Symlink("../outside.png", filepath.Join(dir, "link.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.png", filepath.Join(dir, "inside.png")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "metadata.jsonl")
	lines := []struct{ line, want string }{
		{`{"file_name": "none.png", "text": "x"}`, `no such file`},
		{`{"file_name": "../outside.png", "text": "x"}`, `outside the folder`},
		{`{"file_name": "/etc/passwd", "text": "x"}`, `outside the folder`},
		{`{"file_name": "link.png", "text": "x"}`, `leads out of the folder`},
		{`{"file_name": "inside.png", "text": "x"}`, ``},
		{`{"file_name": "broken.png", "text": "x"}`, `damaged`},
		{`{"file_name": "cut.png", "text": "x"}`, `cut short`},
		{`{"file_name": "bomb.png", "text": "x"}`, `60000 by 60000`},
		{`{"file_name": "empty.png", "text": "x"}`, `empty`},
		{`{"file_name": "text.png", "text": "x"}`, `PNG, JPEG`},
		{`{"file_name": ".", "text": "x"}`, `no regular file`},
		{`{"text": "x"}`, `no column "file_name"`},
		{`{"file_name": "a.png"}`, `no caption`},
		{`{"file_name": `, `not the JSON`},
		{"{\"file_name\": \"a.png\", \"text\": \"caf\xe9\"}", `UTF-8`},
		{`{"file_name": "inside.png", "text": "x"}`, `twice`},
		{`[1, 2]`, `not the JSON`},
	}
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line.line + "\n")
	}
	write(t, path, []byte(text.String()))
	_, _, mistakes := read(t, Folder{Path: dir})
	byLine := map[int]string{}
	for _, d := range mistakes {
		if d.Subject.File != path {
			t.Errorf("a mistake in %s: %s", d.Subject.File, d.Summary)
		}
		byLine[d.Subject.Start.Line] += d.Summary + " " + d.Detail
	}
	for i, line := range lines {
		got := byLine[i+1]
		if (line.want == "") != (got == "") || !strings.Contains(got, line.want) {
			t.Errorf("line %d, %s:\ngot  %s\nwant %s", i+1, line.line, got, line.want)
		}
	}
	for line, text := range byLine {
		if strings.Contains(text, "twice") && !strings.Contains(text, "metadata.jsonl:5") {
			t.Errorf("line %d does not say where the first one is: %s", line, text)
		}
	}
}

// TestFolderMistakes: what is wrong with a whole folder.
func TestFolderMistakes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "plain/a.png"), pixel(t, 1, 2, 3))
	write(t, filepath.Join(dir, "ok/a.png"), pixel(t, 1, 2, 3))
	write(t, filepath.Join(dir, "ok/metadata.jsonl"), []byte(`{"file_name": "a.png", "text": "x", "captions": "y"}`))
	write(t, filepath.Join(dir, "blank/metadata.csv"), []byte("file_name,text\n"))
	write(t, filepath.Join(dir, "long/metadata.jsonl"), bytes.Repeat([]byte("x"), largestLine+10))
	write(t, filepath.Join(dir, "ragged/metadata.csv"), []byte("file_name,text\na.png\nb.png,x\n\"c\n"))
	write(t, filepath.Join(dir, "garbage.parquet"), []byte("PAR1 and nothing more PAR1"))
	write(t, filepath.Join(dir, "list.txt"), nil)
	if err := table.WriteAll(filepath.Join(dir, "scores.parquet"), []table.Score{{}}); err != nil {
		t.Fatal(err)
	}
	type captionless struct {
		Image  table.File `parquet:"image,optional"`
		Number int64      `parquet:"number"`
		File   string     `parquet:"file_name"`
	}
	if err := parquet.WriteFile(filepath.Join(dir, "captionless.parquet"), []captionless{{table.File{Bytes: pixel(t, 1, 2, 3), Path: "a"}, 1, "x"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "linked"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../scores.parquet", filepath.Join(dir, "linked/x.parquet")); err != nil {
		t.Fatal(err)
	}
	many := filepath.Join(dir, "many")
	write(t, filepath.Join(many, "metadata.jsonl"), bytes.Repeat([]byte(`{"file_name": "", "text": "x"}`+"\n"), 1000))
	for name, test := range map[string]struct {
		folder Folder
		want   []string
	}{
		"missing":              {Folder{Path: "none"}, []string{"no such file", "metadata.jsonl"}},
		"a text":               {Folder{Path: "list.txt"}, []string{"not a folder of images"}},
		"no metadata":          {Folder{Path: "plain"}, []string{"no captions", "metadata.jsonl"}},
		"no lines":             {Folder{Path: "blank"}, []string{"No images", "no lines"}},
		"a long line":          {Folder{Path: "long"}, []string{"A line without an end", "16 MiB"}},
		"ragged":               {Folder{Path: "ragged"}, []string{"not CSV", "b.png", "no such file"}},
		"no column":            {Folder{Path: "ok", Caption: "caption"}, []string{`no column "caption"`, "captions, file_name, text", `mean "captions"`}},
		"no such split":        {Folder{Path: "ok", Split: "unseen"}, []string{"No images", `the split "unseen"`}},
		"no such file":         {Folder{Path: "ok", Files: "train/*.jsonl"}, []string{"train/*.jsonl", "metadata.jsonl"}},
		"no pattern":           {Folder{Path: "ok", Files: "[a"}, []string{"not a pattern"}},
		"pattern of a file":    {Folder{Path: "scores.parquet", Files: "x"}, []string{"single file"}},
		"damaged":              {Folder{Path: "garbage.parquet"}, []string{"cannot be read", "intact"}},
		"no images":            {Folder{Path: "scores.parquet"}, []string{"without images", "image_id", "bytes and path"}},
		"no captions":          {Folder{Path: "captionless.parquet"}, []string{"without captions", "number", "caption ="}},
		"a number":             {Folder{Path: "captionless.parquet", Caption: "number"}, []string{"holds no text", "INT64"}},
		"no column of a table": {Folder{Path: "captionless.parquet", Caption: "numbers"}, []string{`no column "numbers"`, `mean "number"`}},
		"a linked table":       {Folder{Path: "linked"}, []string{"leads out of the folder", "cp -L"}},
		"many":                 {Folder{Path: "many"}, []string{"There may be more", "stopped after 20"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.folder.Path = filepath.Join(dir, test.folder.Path)
			_, _, mistakes := read(t, test.folder)
			var all strings.Builder
			for _, d := range mistakes {
				all.WriteString(d.Summary + " " + d.Detail + "\n")
				if !strings.HasPrefix(d.Subject.File, test.folder.Path) {
					t.Errorf("%q names the file %q", d.Summary, d.Subject.File)
				}
			}
			for _, want := range test.want {
				if !strings.Contains(all.String(), want) {
					t.Errorf("does not say %q:\n%s", want, all.String())
				}
			}
			if len(mistakes) > mostProblems+1 {
				t.Errorf("%d mistakes", len(mistakes))
			}
		})
	}
}

func TestImageFolderOfParquet(t *testing.T) {
	type foreign struct {
		Image *table.File `parquet:"image,optional"`
		Text  string      `parquet:"text"`
		Many  []string    `parquet:"many,list"`
	}
	dir := t.TempDir()
	red := pixel(t, 255, 0, 0)
	writeTable := func(name string, rows ...foreign) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := parquet.WriteFile(path, rows); err != nil {
			t.Fatal(err)
		}
	}
	writeTable("data/train-00000.parquet", foreign{&table.File{Bytes: red, Path: "x.png"}, "red", []string{"first", "second"}}, foreign{&table.File{Bytes: red}, "red", []string{"third"}})
	writeTable("data/test-00000.parquet", foreign{&table.File{Bytes: red, Path: "y.png"}, "blue", []string{"last"}})
	train := Folder{Path: dir, Files: "data/train-*.parquet"}
	got, first, mistakes := read(t, train)
	want := []table.Image{
		{ID: "train-00000-000001", Image: table.File{Bytes: red, Path: "x.png"}, Prompt: "red", Split: "seen"},
		{ID: "train-00000-000002", Image: table.File{Bytes: red, Path: "train-00000-000002.png"}, Prompt: "red", Split: "seen", Index: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" || mistakes != nil {
		t.Errorf("%v (-want +got):\n%s", mistakes, diff)
	}
	if got, _, _ := read(t, Folder{Path: dir}); len(got) != 3 {
		t.Errorf("without a pattern there are %d images", len(got))
	}
	train.Caption = "many"
	if got, _, mistakes := read(t, train); len(got) != 2 || got[0].Prompt != "first" || got[1].Prompt != "third" {
		t.Errorf("captions of lists: %v, %v", got, mistakes)
	}
	train.Caption = ""
	writeTable("data/train-00000.parquet", foreign{&table.File{Bytes: red, Path: "x.png"}, "red", nil}, foreign{nil, "none", nil}, foreign{&table.File{Bytes: red[:30]}, "cut", nil}, foreign{&table.File{Bytes: red}, "caf\xe9", nil})
	_, second, mistakes := read(t, train)
	for _, want := range []string{"Row 2 has no image", `"train-00000-000003" in row 3 cannot be read`, "row 4 is not UTF-8"} {
		if len(mistakes) != 3 || !strings.Contains(mistakes.Error(), want) {
			t.Errorf("mistakes do not say %q: %v", want, mistakes)
		}
	}
	if first.Digest == second.Digest {
		t.Error("another table, the same digest")
	}

	ours := []table.Image{{ID: "i", Image: table.File{Bytes: red, Path: "i.png"}, Prompt: "p", Category: "c", Split: "unseen", Slots: map[string]string{"a": "b"}}}
	path := filepath.Join(dir, "ours.parquet")
	if err := table.WriteAll(path, ours); err != nil {
		t.Fatal(err)
	}
	got, _, mistakes = read(t, Folder{Path: path})
	if diff := cmp.Diff(ours, got, cmpopts.EquateEmpty()); diff != "" || mistakes != nil {
		t.Errorf("%v (-want +got):\n%s", mistakes, diff)
	}
	// Tables of one name in two folders.
	writeTable("a/0.parquet", foreign{&table.File{Bytes: red}, "red", nil})
	writeTable("b/0.parquet", foreign{&table.File{Bytes: red}, "red", nil})
	got, _, mistakes = read(t, Folder{Path: dir, Files: "?/0.parquet"})
	if len(got) != 2 || got[0].ID != "a/0-000001" || got[1].ID != "b/0-000001" {
		t.Errorf("%v, %v", got, mistakes)
	}
}

// TestOtherKindsOfPNG: what plugins refuse, 16 bits and transparency, becomes
// plain.
func TestOtherKindsOfPNG(t *testing.T) {
	dir := t.TempDir()
	var metadata bytes.Buffer
	add := func(name string, picture image.Image) {
		var b bytes.Buffer
		if err := png.Encode(&b, picture); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), b.Bytes())
		fmt.Fprintf(&metadata, "{\"file_name\": %q, \"text\": \"x\"}\n", name)
	}
	transparent := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	transparent.Set(0, 0, color.NRGBA{200, 100, 50, 128})
	add("alpha.png", transparent)
	deep := image.NewRGBA64(image.Rect(0, 0, 1, 1))
	deep.Set(0, 0, color.RGBA64{0xc8ff, 0x64ff, 0x32ff, 0xffff})
	add("deep.png", deep)
	add("palette.png", image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.RGBA{200, 100, 50, 255}}))
	write(t, filepath.Join(dir, "metadata.jsonl"), metadata.Bytes())
	images, _, mistakes := read(t, Folder{Path: dir})
	if len(images) != 3 || mistakes != nil {
		t.Fatalf("%d images, %v", len(images), mistakes)
	}
	for _, i := range images {
		decoded, err := png.Decode(bytes.NewReader(i.Image.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if _, plain := decoded.(*image.RGBA); !plain {
			t.Errorf("%s became %T", i.ID, decoded)
		}
		if p, _ := imaging.Decode(i.Image.Bytes, imaging.Exchanged); !bytes.Equal(p.RGB, []byte{200, 100, 50}) {
			t.Errorf("%s became %v", i.ID, p.RGB)
		}
	}
}

// TestFolderResizes: images cover the size, or are stretched to it.
func TestFolderResizes(t *testing.T) {
	dir := t.TempDir()
	// Left third red, middle green, right blue.
	rgb := make([]byte, 0, 3*90*20)
	for range 20 {
		for x := range 90 {
			c := [3]byte{}
			c[x/30] = 255
			rgb = append(rgb, c[:]...)
		}
	}
	wide, err := imaging.EncodePNG(imaging.Image{Width: 90, Height: 20, RGB: rgb})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := imaging.EncodeStored(imaging.Image{Width: 90, Height: 20, RGB: rgb})
	if err != nil {
		t.Fatal(err)
	}
	right := plane(10, 10, 1, 2, 3)
	write(t, filepath.Join(dir, "wide.png"), wide)
	write(t, filepath.Join(dir, "right.png"), right)
	write(t, filepath.Join(dir, "metadata.jsonl"), []byte(`{"file_name": "wide.png", "text": "x"}`+"\n"+`{"file_name": "right.png", "text": "x"}`))
	kept, plain, _ := read(t, Folder{Path: dir})
	if !bytes.Equal(kept[0].Image.Bytes, stored) {
		t.Error("a PNG is not stored")
	}
	for _, test := range []struct {
		stretch     bool
		left, right [3]byte
	}{{false, [3]byte{0, 255, 0}, [3]byte{0, 255, 0}}, {true, [3]byte{255, 0, 0}, [3]byte{0, 0, 255}}} {
		images, inventory, mistakes := read(t, Folder{Path: dir, Width: 10, Height: 10, Stretch: test.stretch})
		if mistakes != nil {
			t.Fatal(mistakes)
		}
		if inventory.Digest != plain.Digest {
			t.Error("the digest is of what is read, not of what is made of it")
		}
		if !bytes.Equal(images[1].Image.Bytes, right) {
			t.Error("an image of the right size is changed")
		}
		picture, err := imaging.Decode(images[0].Image.Bytes, imaging.Exchanged)
		if err != nil || picture.Width != 10 || picture.Height != 10 {
			t.Fatalf("%d by %d, %v", picture.Width, picture.Height, err)
		}
		if left, right := [3]byte(picture.RGB[5*30:]), [3]byte(picture.RGB[5*30+27:]); left != test.left || right != test.right {
			t.Errorf("stretch %v: %v and %v", test.stretch, left, right)
		}
	}
}

// folderOf makes a folder of n images, in the order that is given.
func folderOf(t testing.TB, dir string, n int, order func(i int) int) Folder {
	t.Helper()
	var metadata bytes.Buffer
	for i := range n {
		k := order(i)
		write(t, filepath.Join(dir, fmt.Sprintf("%04d.png", k)), pixel(t, byte(k), byte(k>>8), 0))
		fmt.Fprintf(&metadata, "{\"file_name\": \"%04d.png\", \"text\": \"image %d\"}\n", k, k)
	}
	write(t, filepath.Join(dir, "metadata.jsonl"), metadata.Bytes())
	return Folder{Path: dir}
}

func ids(images []table.Image) []string {
	var list []string
	for _, i := range images {
		list = append(list, i.ID)
	}
	return list
}

// TestFolderLimit: a draw depends on the seed and the images, not on their
// order; a larger one holds a smaller one.
func TestFolderLimit(t *testing.T) {
	straight := folderOf(t, t.TempDir(), 300, func(i int) int { return i })
	backward := folderOf(t, t.TempDir(), 300, func(i int) int { return 299 - i })
	draw := func(f Folder, limit int, seed uint64) map[string]bool {
		f.Limit, f.Seed = limit, seed
		images, inventory, mistakes := read(t, f)
		if inventory.Images != min(limit, 300) || mistakes != nil {
			t.Fatalf("%+v, %v", inventory, mistakes)
		}
		drawn := map[string]bool{}
		for _, id := range ids(images) {
			drawn[id] = true
		}
		return drawn
	}
	small, large := draw(straight, 20, 1), draw(straight, 100, 1)
	for id := range small {
		if !large[id] {
			t.Errorf("%s is in the smaller draw alone", id)
		}
	}
	if !reflect.DeepEqual(small, draw(backward, 20, 1)) {
		t.Error("the draw depends on the order")
	}
	if reflect.DeepEqual(small, draw(straight, 20, 2)) {
		t.Error("another seed, the same draw")
	}
	if len(draw(straight, 1000, 1)) != 300 {
		t.Error("a limit above the number of images")
	}
}

// TestFolderDigest: it is of what is taken, and nothing else.
func TestFolderDigest(t *testing.T) {
	dir := t.TempDir()
	f := folderOf(t, dir, 5, func(i int) int { return i })
	scan := func() string {
		t.Helper()
		_, inventory, mistakes := read(t, f)
		if mistakes != nil {
			t.Fatal(mistakes)
		}
		return inventory.Digest
	}
	first := scan()
	write(t, filepath.Join(dir, ".DS_Store"), []byte("x"))
	write(t, filepath.Join(dir, "unnamed.png"), []byte("x"))
	if scan() != first {
		t.Error("what is not read changes the digest")
	}
	write(t, filepath.Join(dir, "0003.png"), pixel(t, 9, 9, 9))
	second := scan()
	if second == first {
		t.Error("another image, the same digest")
	}
	text, err := os.ReadFile(filepath.Join(dir, "metadata.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "metadata.jsonl"), bytes.Replace(text, []byte("image 2"), []byte("picture 2"), 1))
	if scan() == second {
		t.Error("another caption, the same digest")
	}
}

// TestFolderMemory: images that are remembered are not read by a scan, and are
// by Read.
func TestFolderMemory(t *testing.T) {
	dir := t.TempDir()
	f := folderOf(t, dir, 3, func(i int) int { return i })
	old := filepath.Join(t.TempDir(), "digests")
	memory := digest.NewMemory(old)
	first, err := f.Scan(t.Context(), memory)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := f.Scan(t.Context(), nil)
	if err != nil || plain != first {
		t.Errorf("with a memory %+v, without %+v, %v", first, plain, err)
	}
	write(t, filepath.Join(dir, "0001.png"), pixel(t, 7, 7, 7))
	second, err := f.Scan(t.Context(), memory)
	if err != nil || second.Digest == first.Digest {
		t.Errorf("a change is not seen: %v", err)
	}
}

// TestFolderMemoryUse: what is in memory does not grow with the images.
func TestFolderMemoryUse(t *testing.T) {
	dir := t.TempDir()
	var metadata bytes.Buffer
	noise := make([]byte, 3*256*256)
	for i := range noise {
		noise[i] = byte(i * i >> 7)
	}
	content, err := imaging.EncodePNG(imaging.Image{Width: 256, Height: 256, RGB: noise})
	if err != nil {
		t.Fatal(err)
	}
	const images = 300
	for i := range images {
		write(t, filepath.Join(dir, fmt.Sprint(i, ".png")), append(content[:len(content):len(content)], byte(i))) // a tail is passed over
		fmt.Fprintf(&metadata, "{\"file_name\": \"%d.png\", \"text\": \"x\"}\n", i)
	}
	write(t, filepath.Join(dir, "metadata.jsonl"), metadata.Bytes())
	var most uint64
	n := 0
	inventory, err := Folder{Path: dir}.Read(t.Context(), func(table.Image) error {
		if n++; n%100 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		return nil
	})
	if err != nil || inventory.Images != images {
		t.Fatal(inventory, err)
	}
	all := uint64(images * len(noise))
	t.Logf("%d MB of pixels, at most %d MB on the heap", all>>20, most>>20)
	if most > all/2 {
		t.Errorf("%d bytes on the heap for %d bytes of pixels", most, all)
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"file_name": "a.png", "text": "x"}`), false)
	f.Add([]byte("file_name,text\na.png,x\n"), true)
	f.Add([]byte(`{"file_name": "../../a.png", "text": ["x"], "slots": {"a": 1}}`), false)
	dir := f.TempDir()
	write(f, filepath.Join(dir, "a.png"), pixel(f, 1, 2, 3))
	f.Fuzz(func(t *testing.T, content []byte, csv bool) {
		for name, is := range map[string]bool{"metadata.csv": csv, "metadata.jsonl": !csv} {
			os.Remove(filepath.Join(dir, name))
			if is {
				write(t, filepath.Join(dir, name), content)
			}
		}
		inventory, err := Folder{Path: dir}.Read(t.Context(), func(i table.Image) error {
			if i.ID == "" || i.Prompt == "" || len(i.Image.Bytes) == 0 {
				t.Errorf("image %+v", i)
			}
			return nil
		})
		var mistakes diag.List
		if err != nil && !errors.As(err, &mistakes) {
			t.Errorf("%+v, %v", inventory, err)
		}
	})
}

func FuzzImageFile(f *testing.F) {
	f.Add(pixel(f, 1, 2, 3))
	f.Add(bomb(1<<31-1, 1<<31-1))
	if webp, err := os.ReadFile("testdata/small.webp"); err == nil {
		f.Add(webp)
	}
	dir := f.TempDir()
	write(f, filepath.Join(dir, "metadata.jsonl"), []byte(`{"file_name": "a.png", "text": "x"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		write(t, filepath.Join(dir, "a.png"), content)
		_, err := Folder{Path: dir, Width: 3, Height: 2}.Read(t.Context(), func(i table.Image) error {
			if p, err := imaging.Decode(i.Image.Bytes, imaging.Exchanged); err != nil || p.Width != 3 || p.Height != 2 {
				t.Errorf("%d by %d, %v", p.Width, p.Height, err)
			}
			return nil
		})
		var mistakes diag.List
		if err != nil && !errors.As(err, &mistakes) {
			t.Error(err)
		}
	})
}
