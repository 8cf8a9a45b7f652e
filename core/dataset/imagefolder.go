package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // formats that people's images come in
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"

	"github.com/plumb-ml/plumb/core/diag"
)

// ImageFolder returns captioned images that people bring along. The path is
//
//   - a folder of images, with a metadata.jsonl or metadata.csv in it or in its
//     folders, as Hugging Face's imagefolder has it: file_name, and the caption
//     as text, caption or prompt; id, category, split and slots may be given too;
//   - a Parquet file, or a folder of such, with a column "image" of datasets'
//     Image type and the same others. The images tables of this package are such.
//
// Images of other formats than PNG come out as PNG. The ID is the file's name
// if none is given; the split is "seen" unless it says "unseen". An image that
// cannot be read is an error of type diag.List in its place, and the next one
// follows; an error of another type is the last.
func ImageFolder(path string) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		f := folder{root: path, yield: yield, ids: map[string]bool{}, ofPrompt: map[string]int32{}}
		if err := f.read(); err != nil && !errors.Is(err, errStop) {
			yield(Image{}, fmt.Errorf("read images: %w", err))
		}
	}
}

type folder struct {
	root     string
	yield    func(Image, error) bool
	ids      map[string]bool
	ofPrompt map[string]int32 // images so far, by prompt
}

func (f *folder) read() error {
	info, err := os.Stat(f.root)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return f.readParquet(f.root)
	}
	var metadata, tables []string
	err = filepath.WalkDir(f.root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != f.root && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.Name() == "metadata.jsonl", e.Name() == "metadata.csv":
			metadata = append(metadata, path)
		case filepath.Ext(path) == ".parquet":
			tables = append(tables, path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(metadata) == 0 && len(tables) == 0 {
		return diag.List{{
			Summary: fmt.Sprintf("The folder %s has no captions", f.root),
			Detail:  `It needs a metadata.jsonl with lines such as {"file_name": "0001.png", "text": "a red circle"}, or Parquet files with the columns image and text.`,
			Subject: diag.Range{File: f.root},
		}}
	}
	for _, path := range metadata {
		read := f.readJSONL
		if filepath.Ext(path) == ".csv" {
			read = f.readCSV
		}
		if err := read(path); err != nil {
			return err
		}
	}
	if len(metadata) == 0 {
		for _, path := range tables {
			if err := f.readParquet(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// caption is what is said of an image.
type caption struct {
	FileName string            `json:"file_name"`
	Text     string            `json:"text"`
	Caption  string            `json:"caption"`
	Prompt   string            `json:"prompt"`
	ID       string            `json:"id"`
	Category string            `json:"category"`
	Split    string            `json:"split"`
	Slots    map[string]string `json:"slots"`
}

// wrong hands on a mistake of one image.
func (f *folder) wrong(where diag.Range, summary, detail string) error {
	return f.hand(Image{}, diag.List{{Summary: summary, Detail: detail, Subject: where}})
}

func (f *folder) hand(image Image, err error) error {
	if !f.yield(image, err) {
		return errStop
	}
	return nil
}

func lineOf(path string, line int) diag.Range {
	at := diag.Position{Line: line, Column: 1}
	return diag.Range{File: path, Start: at, End: at}
}

func (f *folder) readJSONL(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, readErr := lines.ReadBytes('\n')
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return readErr
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var c caption
			if err := json.Unmarshal(line, &c); err != nil {
				err = f.wrong(lineOf(path, n), "The line is not the JSON of an image", err.Error()+`. Write {"file_name": "0001.png", "text": "a red circle"}.`)
				if err != nil {
					return err
				}
			} else if err := f.addFile(path, n, c); err != nil {
				return err
			}
		}
		if readErr != nil {
			return nil
		}
	}
}

func (f *folder) readCSV(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	header = slices.Clone(header)
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		var c caption
		for i, name := range header {
			switch strings.TrimSpace(name) {
			case "file_name":
				c.FileName = fields[i]
			case "text":
				c.Text = fields[i]
			case "caption":
				c.Caption = fields[i]
			case "prompt":
				c.Prompt = fields[i]
			case "id":
				c.ID = fields[i]
			case "category":
				c.Category = fields[i]
			case "split":
				c.Split = fields[i]
			}
		}
		line, _ := r.FieldPos(0)
		if err := f.addFile(path, line, c); err != nil {
			return err
		}
	}
}

// addFile hands on an image file that a line of metadata names.
func (f *folder) addFile(metadata string, line int, c caption) error {
	where := lineOf(metadata, line)
	name := filepath.FromSlash(c.FileName)
	if c.FileName == "" {
		return f.wrong(where, "The image's file_name is missing", "Name the file, relative to the folder of this file.")
	}
	if !filepath.IsLocal(name) {
		return f.wrong(where, fmt.Sprintf("%q is outside the folder", c.FileName), "Image files lie beside this file or below.")
	}
	path := filepath.Join(filepath.Dir(metadata), name)
	content, err := os.ReadFile(path)
	if err != nil {
		return f.wrong(where, fmt.Sprintf("The image %q cannot be read", c.FileName), err.Error())
	}
	if c.ID == "" {
		relative, err := filepath.Rel(f.root, path)
		if err != nil {
			return err
		}
		c.ID = filepath.ToSlash(relative)
	}
	return f.add(where, content, c)
}

func (f *folder) readParquet(path string) error {
	table, err := openForeign(path)
	if err != nil {
		return err
	}
	defer table.close()
	if table.first("image.bytes") == "" {
		return table.missing("image.bytes")
	}
	textColumn := table.first("prompt", "text", "caption")
	if textColumn == "" {
		return table.missing("text")
	}
	return table.each(func(row int, get func(string) parquet.Value) error {
		where := lineOf(path, row)
		slots, err := parseSlots(text(get("slots")))
		if err != nil {
			return f.wrong(where, "The image's slots cannot be read", err.Error())
		}
		c := caption{
			FileName: text(get("image.path")),
			Text:     text(get(textColumn)),
			ID:       text(get("id")),
			Category: text(get("category")),
			Split:    text(get("split")),
			Slots:    slots,
		}
		if c.ID == "" {
			c.ID = fmt.Sprintf("%s-%06d", strings.TrimSuffix(filepath.Base(path), ".parquet"), row)
		}
		value := get("image.bytes")
		if value.IsNull() {
			return f.wrong(where, fmt.Sprintf("Row %d has no image", row), "Its column image.bytes is empty; images that are only named by a path are not read.")
		}
		return f.add(where, bytes.Clone(value.ByteArray()), c)
	})
}

// add hands on one image.
func (f *folder) add(where diag.Range, content []byte, c caption) error {
	prompt := strings.TrimSpace(c.Text)
	for _, other := range []string{c.Caption, c.Prompt} {
		if prompt == "" {
			prompt = strings.TrimSpace(other)
		}
	}
	if prompt == "" {
		return f.wrong(where, fmt.Sprintf("The image %q has no caption", c.ID), "Give it one as text.")
	}
	if f.ids[c.ID] {
		return f.wrong(where, fmt.Sprintf("The image %q is there twice", c.ID), "Every image needs an ID of its own.")
	}
	content, err := asPNG(content)
	if err != nil {
		return f.wrong(where, fmt.Sprintf("The image %q cannot be read", c.ID), err.Error())
	}
	if c.Split != "unseen" {
		c.Split = "seen"
	}
	name := c.FileName
	if name == "" {
		name = c.ID + ".png"
	}
	f.ids[c.ID] = true
	index := f.ofPrompt[prompt]
	f.ofPrompt[prompt]++
	return f.hand(Image{
		ID: c.ID, Image: File{Bytes: content, Path: name}, Prompt: prompt,
		Category: c.Category, Split: c.Split, Slots: c.Slots, Index: index,
	}, nil)
}

// asPNG returns an image file as PNG; one that is PNG stays as it is.
func asPNG(content []byte) ([]byte, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("decode image: %w", err)
	}
	if err := checkSize(config); err != nil {
		return nil, fmt.Errorf("decode image: %w", err)
	}
	picture, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("decode image: %w", err)
	}
	if format == "png" {
		return content, nil
	}
	return EncodePNG(picture.Bounds().Dx(), picture.Bounds().Dy(), pixels(picture))
}
