package imagefolder

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"slices"
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
	object bool // whether a line of JSON was read
}

// at is where a line is; a row of a table has no place in the file.
func (m *metadata) at(line int) diag.Range {
	if path.Ext(m.file) == ".parquet" {
		return diag.Range{File: m.whole(m.file)}
	}
	return lineOf(m.whole(m.file), line)
}

// columns are those that are read.
func (m *metadata) columns() []string {
	columns := append([]string{"file_name", "category", "split", "slots"}, idColumns...)
	if m.Caption != "" {
		return append(columns, m.Caption)
	}
	return append(columns, captionColumns...)
}

// judge says which columns are not there that must be. One complaint is for all
// lines that have the same columns; a line that lacks one is passed over.
func (m *metadata) judge(where diag.Range, names []string, has func(column string) bool) (complete bool, err error) {
	complain := func(said string, d diag.Diagnostic) {
		complete = false
		if said += " " + strings.Join(names, "\x00"); !m.hinted[said] && err == nil {
			m.hinted[said] = true
			err = m.problem(d.Subject, d.Summary, d.Detail)
		}
	}
	complete = true
	switch {
	case m.Caption != "" && !has(m.Caption):
		complain("caption", noColumn(where, m.Caption, names))
	case m.Caption == "" && !slices.ContainsFunc(captionColumns, has):
		meant := ""
		for _, column := range captionColumns {
			meant = cmp.Or(meant, diag.DidYouMean(column, names))
		}
		complain("caption", diag.Diagnostic{Subject: where, Summary: "There are no captions",
			Detail: fmt.Sprintf("There is none of the columns text, caption and prompt; %s. Name the one with the captions: caption = \"column\".%s", are(names), meant)})
	}
	if !has("file_name") {
		complain("file_name", noColumn(where, "file_name", names))
	}
	return complete, err
}

// add hands on an image file that a line names.
func (m *metadata) add(line int, names []string, slots map[string]string, get func(column string) (string, bool)) error {
	where := m.at(line)
	if complete, err := m.judge(where, names, func(column string) bool { _, ok := get(column); return ok }); !complete {
		return err
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
		how, like := m.alike(file)
		if how != "" && m.hinted[how] {
			return nil // said of another line
		}
		if how != "" {
			m.hinted[how] = true
			wrong = fmt.Sprintf("There is %q: %s. Other lines may want the same.", like, how)
		}
		return m.problem(where, fmt.Sprintf("The image %q cannot be read", fileName), wrong)
	}
	e := &entry{where: where, at: at, file: file, info: info, row: row{
		ID: idOf(text), Text: m.captionOf(text), Category: text("category"), Split: text("split"), Slots: slots, FileName: fileName,
	}}
	if e.row.ID == "" {
		e.row.ID = file
	}
	return m.folder.add(e, m.visit)
}
