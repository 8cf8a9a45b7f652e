package imagefolder

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// readMetadata visits the images of a metadata file.
func (r *folder) readMetadata(number int32, file string, visit func(*entry) error) error {
	if _, wrong := r.stat(file); wrong != "" && !strings.Contains(wrong, "MiB") { // metadata may be large
		return r.problem(diag.Range{File: r.whole(file)}, "The metadata cannot be read", wrong)
	}
	opened, err := r.root.Open(file)
	if err != nil {
		return r.problem(diag.Range{File: r.whole(file)}, "The metadata cannot be read", err.Error()+".")
	}
	defer opened.Close()
	m := metadata{folder: r, number: number, file: file, visit: visit}
	switch path.Ext(file) {
	case ".parquet":
		return m.readParquet(file)
	case ".csv":
		return m.readCSV(opened)
	}
	return m.readJSONL(opened)
}

// metadata is one metadata file that is being read.
type metadata struct {
	*folder
	number int32
	file   string
	visit  func(*entry) error
	judged bool // whether the caption column was looked for
}

// at is where a line is; a row of a table has no place in the file.
func (m *metadata) at(line int) diag.Range {
	if path.Ext(m.file) == ".parquet" {
		return diag.Range{File: m.whole(m.file)}
	}
	return lineOf(m.whole(m.file), line)
}

// add hands on an image file that a line names.
func (m *metadata) add(line int, names []string, slots map[string]string, get func(column string) (string, bool)) error {
	where := m.at(line)
	if !m.judged && m.Caption != "" {
		m.judged = true
		if _, ok := get(m.Caption); !ok {
			// One complaint for all lines.
			m.problems = append(m.problems, noColumn(where, m.Caption, names))
			return errStop
		}
	}
	text := func(column string) string {
		value, _ := get(column)
		return value
	}
	fileName := text("file_name")
	if fileName == "" {
		summary := "The image's file_name is missing"
		if where.Start.Line == 0 {
			summary = fmt.Sprintf("The file_name of row %d is missing", line)
		}
		return m.problem(where, summary, "Name the file, relative to the folder of this file.")
	}
	if local := filepath.FromSlash(fileName); !filepath.IsLocal(local) || !filepath.IsLocal(filepath.FromSlash(path.Join(path.Dir(m.file), fileName))) {
		return m.problem(where, fmt.Sprintf("%q is outside the folder", fileName), "Image files lie beside this file or below it. Move the file, or remove the line.")
	}
	file := path.Join(path.Dir(m.file), filepath.ToSlash(filepath.FromSlash(fileName)))
	at := spot{m.number, int32(line)}
	if first, twice := m.named[nameOf(file)]; twice {
		return m.problem(where, fmt.Sprintf("The image %q is there twice", fileName), fmt.Sprintf("The first time is at %s. Remove one of the lines; of an image with several captions one counts, and a column may hold a list of them.", m.spell(first)))
	}
	m.named[nameOf(file)] = at
	info, wrong := m.stat(file)
	if wrong != "" {
		return m.problem(where, fmt.Sprintf("The image %q cannot be read", fileName), wrong)
	}
	e := &entry{where: where, at: at, file: file, info: info, row: row{
		ID: text("id"), Text: m.captionOf(text), Category: text("category"), Split: text("split"), Slots: slots, FileName: fileName,
	}}
	if e.row.ID == "" {
		e.row.ID = file
	}
	return m.folder.add(e, m.visit)
}
