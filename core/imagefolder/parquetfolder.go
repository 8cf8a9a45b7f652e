package imagefolder

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// openTableFile opens a table of the folder, not what a link leads to outside
// of it.
func (r *folder) openTableFile(file string) (*os.File, error) {
	if r.root == nil {
		return os.Open(file)
	}
	// A link out of the folder is an error, and a pipe would wait for ever.
	if info, err := r.root.Stat(file); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	return r.root.Open(file)
}

func (r *folder) unreadable(file string, err error) error {
	detail := err.Error() + "."
	var known *table.Error
	switch {
	case errors.As(err, &known):
		detail = known.Err.Error() + "."
		if known.Column != "" {
			detail = fmt.Sprintf("Column %q %v.", known.Column, known.Err)
		}
	case strings.Contains(detail, "escapes"):
		detail = "It is a link that leads out of the folder. Give the path of the file itself, or copy it into the folder (`cp -L` copies what links lead to)."
	}
	return diag.Errorf(diag.Range{File: r.whole(file)}, "The table cannot be read", "%s", detail)
}

// readTable visits the rows of a Parquet file. A scan leaves the images on the
// disk.
func (r *folder) readTable(number int32, file string, scan bool, visit func(*entry) error) error {
	whole := r.whole(file)
	opened, err := r.openTableFile(file)
	if err != nil {
		return r.unreadable(file, err)
	}
	before, err := opened.Stat()
	if err != nil {
		opened.Close()
		return r.unreadable(file, err)
	}
	f, err := table.ForeignOf(opened, whole)
	if err != nil {
		return r.unreadable(file, err)
	}
	defer f.Close()
	names := f.Columns()
	if f.First("image.bytes") == "" {
		detail := fmt.Sprintf("It has the columns %s. Images are a column \"image\" of Hugging Face's type Image: bytes and path.", strings.Join(names, ", "))
		if slices.Contains(names, "file_name") {
			detail += " If the table only names image files, write it as metadata.jsonl beside them."
		}
		r.problems.Errorf(diag.Range{File: whole}, "A table without images", "%s", detail)
		return errStop
	}
	caption := r.Caption
	if caption == "" {
		// Our own tables have both a prompt and, perhaps, what somebody added.
		if caption = f.First("prompt", "text", "caption"); caption == "" {
			r.problems.Errorf(diag.Range{File: whole}, "A table without captions",
				"It has the columns %s. Name the one with the captions: caption = \"column\".", strings.Join(names, ", "))
			return errStop
		}
	}
	if f.First(caption) == "" {
		r.problems = append(r.problems, noColumn(diag.Range{File: whole}, caption, names))
		return errStop
	}
	if kind, _ := f.Kind(caption); kind != parquet.ByteArray {
		r.problems.Errorf(diag.Range{File: whole}, fmt.Sprintf("The column %q holds no text", caption), "It holds %s. Name another: caption = \"column\".", kind)
		return errStop
	}
	wanted := append([]string{caption, "category", "split", "slots"}, idColumns...)
	for _, column := range append(wanted, "image") {
		if f.Twice(column) {
			wrong := textfile.Twice(0, column, names)
			r.problems.Errorf(diag.Range{File: whole}, wrong.Summary, "%s", wrong.Detail)
			return errStop
		}
	}
	// What was seen whole before is not looked at again by a scan: images are most
	// of a table.
	looks := !scan
	if r.inspects {
		_, known := r.memory.Recall(whole, before)
		looks = !known
	}
	if looks {
		wanted = append(wanted, "image")
	}
	stem := r.stem(file)
	err = f.Each(wanted, func(n int, get func(string) parquet.Value) error {
		where := diag.Range{File: whole} // a row has no place in the file's bytes
		slots, err := table.ParseSlots(table.Text(get("slots")))
		if err != nil {
			return r.problem(where, fmt.Sprintf("The slots of row %d cannot be read", n), err.Error()+".")
		}
		e := &entry{where: where, at: spot{number, int32(n)}, row: row{
			ID: idOf(func(column string) string { return table.Text(get(column)) }), Text: strings.TrimSpace(table.Text(get(caption))), Category: table.Text(get("category")), Split: table.Text(get("split")), Slots: slots,
			FileName: table.Text(get("image.path")),
		}}
		if !utf8.ValidString(e.row.Text) || !utf8.ValidString(e.row.ID) {
			return r.problem(where, fmt.Sprintf("The caption of row %d is not UTF-8", n), "Its letters are of another encoding, or the column holds something else than text.")
		}
		if e.row.ID == "" {
			e.row.ID = fmt.Sprintf("%s-%06d", stem, n)
		}
		if looks {
			value := get("image.bytes")
			switch {
			case value.IsNull() || len(value.ByteArray()) == 0:
				if e.row.FileName != "" {
					if r.hinted["image.path"] {
						return nil // said of another row
					}
					r.hinted["image.path"] = true
					return r.problem(where, fmt.Sprintf("Row %d has no image", n), fmt.Sprintf("Its column image.bytes is empty and image.path is %q: images that are only named are not read. In datasets, ds.map or ds.cast_column with decode=False leaves the bytes away; Dataset.to_parquet puts them into the file. Other rows may want the same.", e.row.FileName))
				}
				return r.problem(where, fmt.Sprintf("Row %d has no image", n), "Its columns image.bytes and image.path are empty. Leave the row out.")
			case len(value.ByteArray()) > largestFile:
				return r.problem(where, fmt.Sprintf("The image of row %d is too large", n), fmt.Sprintf("It has %d bytes; more than %d MiB are taken for a mistake.", len(value.ByteArray()), largestFile>>20))
			}
			e.image = value.ByteArray()
			if !scan {
				e.image = bytes.Clone(e.image)
			}
		}
		return r.add(e, visit)
	})
	var known *table.Error
	if errors.As(err, &known) {
		return r.unreadable(file, err)
	}
	if err != nil {
		return err
	}
	if after, err := os.Stat(whole); err != nil || !os.SameFile(before, after) || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return r.changed()
	}
	return nil
}

// stem is what the IDs of a table's images begin with: its name, with its
// folder only where another table has the same name.
func (r *folder) stem(file string) string {
	if r.root == nil {
		file = filepath.Base(file)
	}
	stem := strings.TrimSuffix(file, path.Ext(file))
	alike := 0
	for _, other := range r.tables {
		if path.Base(other) == path.Base(file) {
			alike++
		}
	}
	if alike > 1 {
		return stem
	}
	return path.Base(stem)
}

// changed says that a folder is not as it was when its digest was taken.
func (f Folder) changed() error {
	return f.wrong("The images have changed while they were read", "What "+f.Path+" holds is not what was there when this run was planned. Run again when nothing writes there any more.")
}
