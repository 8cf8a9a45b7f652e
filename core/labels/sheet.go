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

// sheet is a CSV file that people filled in: a header that names the columns, and
// rows. Fields stand between commas, semicolons or tabs, as spreadsheets write
// them.
type sheet struct {
	path   string
	needed []string // columns that must be there
	header string   // what the first line should name, for a sentence
	report func(where diag.Range, summary, detail string)
}

// sheetRow is a row of a sheet: its fields by column, and where they stand.
type sheetRow struct {
	columns map[string]int
	get     func(column string) string // without space around it; "" of a column that is not there
	where   func(column string) diag.Range
}

func (r sheetRow) has(column string) bool {
	_, ok := r.columns[column]
	return ok
}

// each calls visit with every row. Mistakes of the form are reported; a row with
// too many or too few fields is passed over.
func (s sheet) each(visit func(sheetRow) error) error {
	b, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // of spreadsheets
	r := csv.NewReader(bytes.NewReader(b))
	r.Comma = delimiter(b)
	r.FieldsPerRecord = -1 // counted below, with a message of our own
	r.ReuseRecord = true

	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the file is empty; its first line should name %s", s.header)
	} else if err != nil {
		return err
	}
	columns := map[string]int{}
	for n, name := range header {
		columns[strings.ToLower(strings.TrimSpace(name))] = n
	}
	width, complete := len(header), true
	for _, name := range s.needed {
		if _, ok := columns[name]; !ok {
			complete = false
			at := diag.Position{Line: 1, Column: 1}
			s.report(diag.Range{File: s.path, Start: at, End: at}, fmt.Sprintf("There is no column %q", name),
				fmt.Sprintf("The first line should name %s; it names %s.%s", s.header, strings.Join(slices.Sorted(maps.Keys(columns)), ", "),
					diag.DidYouMean(name, slices.Sorted(maps.Keys(columns)))))
		}
	}
	if !complete {
		return nil
	}
	odd := 0 // lines
	for {
		fields, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrong):
			at := diag.Position{Line: wrong.Line, Column: wrong.Column}
			s.report(diag.Range{File: s.path, Start: at, End: at}, "The line is not CSV", wrong.Err.Error()+". A quote that begins a field must end it too.")
			return nil
		case err != nil:
			return err
		}
		row := sheetRow{
			columns: columns,
			get: func(column string) string {
				n, ok := columns[column]
				if !ok {
					return ""
				}
				return strings.Clone(strings.TrimSpace(fields[n]))
			},
			where: func(column string) diag.Range {
				n, ok := columns[column]
				if !ok || n >= len(fields) {
					n = 0
				}
				line, first := r.FieldPos(n)
				start := diag.Position{Line: line, Column: first}
				return diag.Range{File: s.path, Start: start, End: diag.Position{Line: line, Column: first + len(fields[n])}}
			},
		}
		if len(fields) != width {
			s.report(row.where(""), fmt.Sprintf("The line has %d fields", len(fields)), fmt.Sprintf("The first line has %d.", width))
			if odd++; odd == maxComparisonFindings {
				return errEnough
			}
			continue
		}
		if err := visit(row); err != nil {
			return err
		}
	}
}

// delimiter is what stands between the fields of the first line.
func delimiter(b []byte) rune {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	for _, one := range []rune{',', ';', '\t'} {
		if bytes.ContainsRune(line, one) {
			return one
		}
	}
	return ','
}
