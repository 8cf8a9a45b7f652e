package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

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

func (m *metadata) readJSONL(file io.Reader) error {
	lines := bufio.NewReaderSize(file, 1<<16)
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if errors.Is(err, errLong) {
			if err := m.problem(m.at(n), "A line without an end", fmt.Sprintf("The line is longer than %d MiB. Each image has a line of its own.", largestLine>>20)); err != nil {
				return err
			}
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return m.problem(m.at(n), "The metadata cannot be read", err.Error()+".")
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := m.addJSON(n, line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

var errLong = errors.New("the line is too long")

// readLine returns a line of at most largestLine bytes, and io.EOF with or after
// the last one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > largestLine {
			return nil, errLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func (m *metadata) addJSON(n int, line []byte) error {
	if !utf8.Valid(line) {
		return m.problem(m.at(n), "The line is not UTF-8", "Its letters are of another encoding. Save the file as UTF-8.")
	}
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(line, &columns); err != nil {
		return m.problem(m.at(n), "The line is not the JSON of an image", err.Error()+`. Write {"file_name": "0001.png", "text": "a red circle"}.`)
	}
	var slots map[string]string
	if raw, ok := columns["slots"]; ok && string(raw) != "null" {
		if err := json.Unmarshal(raw, &slots); err != nil {
			return m.problem(m.at(n), "The image's slots cannot be read", `They are an object of words, such as {"color": "red"}.`)
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	return m.add(n, names, slots, func(column string) (string, bool) {
		raw, ok := columns[column]
		if !ok || string(raw) == "null" {
			return "", ok
		}
		var one string
		var several []string
		var number json.Number
		switch {
		case json.Unmarshal(raw, &one) == nil:
			return one, true
		case json.Unmarshal(raw, &several) == nil && len(several) > 0:
			return several[0], true
		case column != m.Caption && json.Unmarshal(raw, &number) == nil: // an ID
			return number.String(), true
		}
		return "", true
	})
}

func (m *metadata) readCSV(file io.Reader) error {
	buffered := bufio.NewReaderSize(file, 1<<16)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		buffered.Discard(3)
	}
	lines := csv.NewReader(buffered)
	lines.ReuseRecord = true
	var header []string
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			if err := m.problem(m.at(wrong.Line), "The line is not CSV", wrong.Err.Error()+". A quote that begins a field must end it too, and every line has as many fields as the first."); err != nil {
				return err
			}
			if !errors.Is(wrong.Err, csv.ErrFieldCount) {
				return nil
			}
			continue
		}
		if err != nil {
			return m.problem(m.at(1), "The metadata cannot be read", err.Error()+".")
		}
		if header == nil {
			for _, name := range fields {
				header = append(header, strings.TrimSpace(strings.Clone(name)))
			}
			continue
		}
		line, _ := lines.FieldPos(0)
		if slices.ContainsFunc(fields, func(f string) bool { return !utf8.ValidString(f) }) {
			if err := m.problem(m.at(line), "The line is not UTF-8", "Its letters are of another encoding. Save the file as UTF-8."); err != nil {
				return err
			}
			continue
		}
		err = m.add(line, header, nil, func(column string) (string, bool) {
			i := slices.Index(header, column)
			if i < 0 {
				return "", false
			}
			return strings.Clone(fields[i]), true
		})
		if err != nil {
			return err
		}
	}
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

// captionOf is the caption by the named column, or by the first that has one.
func (r *folder) captionOf(text func(column string) string) string {
	if r.Caption != "" {
		return strings.TrimSpace(text(r.Caption))
	}
	for _, column := range captionColumns {
		if caption := strings.TrimSpace(text(column)); caption != "" {
			return caption
		}
	}
	return ""
}

// captionColumns are where captions are looked for, the first one first. Our
// own tables have them as prompt.
var captionColumns = []string{"text", "caption", "prompt"}

func noColumn(where diag.Range, column string, names []string) diag.Diagnostic {
	return diag.Diagnostic{
		Summary: fmt.Sprintf("There is no column %q", column),
		Detail:  fmt.Sprintf("There are %s.%s", strings.Join(names, ", "), diag.DidYouMean(column, names)),
		Subject: where,
	}
}
