package labels

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

func (i *importer) readCSV() error {
	b, err := os.ReadFile(i.path)
	if err != nil {
		return err
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // of spreadsheets
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma = separator(b)
	r.FieldsPerRecord = -1 // counted below, with a message of our own
	r.ReuseRecord = true

	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty; its first line should be image_id,label or image_id,rater,label")
	} else if err != nil {
		return err
	}
	columns := map[string]int{}
	for n, name := range header {
		columns[strings.ToLower(strings.TrimSpace(name))] = n
	}
	fields := len(header)
	needed := []string{"image_id", "label"}
	_, byID := columns["image_id"]
	if _, byIndex := columns["index"]; byIndex && !byID {
		needed = []string{"prompt", "label"}
	}
	_, named := columns["rater"]
	for _, name := range needed {
		if _, ok := columns[name]; !ok {
			i.report(diag.Range{File: i.path, Start: diag.Position{Line: 1, Column: 1}, End: diag.Position{Line: 1, Column: 1}},
				fmt.Sprintf("There is no column %q", name),
				fmt.Sprintf("The first line should name the columns image_id (or prompt and index), label and, if there are several raters, rater; it names %s.", strings.Join(slices.Sorted(maps.Keys(columns)), ", ")))
		}
	}
	if i.findings != nil {
		return nil
	}

	for {
		fieldsOfRow, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrong):
			at := diag.Position{Line: wrong.Line, Column: wrong.Column}
			i.report(diag.Range{File: i.path, Start: at, End: at}, "The line is not CSV", wrong.Err.Error()+". A quote that begins a field must end it too.")
			return nil
		case err != nil:
			return err
		}
		where := func(column string) diag.Range {
			n, ok := columns[column]
			if !ok || n >= len(fieldsOfRow) {
				n = 0
			}
			line, first := r.FieldPos(n)
			start := diag.Position{Line: line, Column: first}
			return diag.Range{File: i.path, Start: start, End: diag.Position{Line: line, Column: first + len(fieldsOfRow[n])}}
		}
		if len(fieldsOfRow) != fields {
			i.report(where("image_id"), fmt.Sprintf("The line has %d fields", len(fieldsOfRow)), fmt.Sprintf("The first line has %d.", fields))
			if len(i.findings) >= maxFindings {
				return nil
			}
			continue
		}
		read := func(column string) string {
			n, ok := columns[column]
			if !ok {
				return ""
			}
			return strings.Clone(strings.TrimSpace(fieldsOfRow[n]))
		}
		rater := onlyRater
		if named {
			rater = read("rater")
		}
		if err := i.add(labelRow{
			imageID: read("image_id"), rater: rater, label: read("label"), index: read("index"),
			prompt: read("prompt"), category: read("category"), split: read("split"),
			where: where,
		}); err != nil {
			return err
		}
	}
}

// separator is what stands between the fields of the first line.
func separator(b []byte) rune {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	switch {
	case bytes.ContainsRune(line, ','):
		return ','
	case bytes.ContainsRune(line, ';'):
		return ';'
	case bytes.ContainsRune(line, '\t'):
		return '\t'
	}
	return ','
}
