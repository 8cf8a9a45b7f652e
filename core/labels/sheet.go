package labels

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// sheet is a file that people filled in: CSV with a header that names the columns,
// its fields between commas, semicolons or tabs, as spreadsheets write them; or
// Parquet, by its extension.
type sheet struct {
	path    string
	columns []string                                    // that are of interest
	needed  func(has func(column string) bool) []string // columns that must be there
	header  string                                      // what the first line should name, for a sentence
	found   *diag.List                                  // gets mistakes of the form
}

// sheetRow is a row of a sheet: its fields by column, and where they stand.
type sheetRow struct {
	has   func(column string) bool
	get   func(column string) string // without space around it; "" of a column that is not there
	where func(column string) diag.Range
}

// onlyRater is the rater of a file that names none.
const onlyRater = "rater"

// rater is who the row is of.
func (r sheetRow) rater() string {
	if r.has("rater") {
		return r.get("rater")
	}
	return onlyRater
}

// ended says that a sheet could not be read, or that none of its rows is filled
// in. what is what the rows hold; open says of their number how to fill them in.
func (s sheet) ended(err error, what, open string, filled, unfilled int) {
	at := diag.Range{File: s.path}
	if err != nil && !errors.Is(err, errStop) {
		s.found.Errorf(at, "The "+what+" cannot be read", "%v", err)
	}
	switch {
	case *s.found != nil || filled > 0:
	case unfilled > 0:
		s.found.Errorf(at, nothingYet+what, "In all of its %d rows %s", unfilled, open)
	default:
		s.found.Errorf(at, nothingYet+what, "It has no rows below its header.")
	}
}

// nothingYet begins the finding of a sheet in which nothing is filled in.
const nothingYet = "The file has no "

// Unfilled reports whether all that there is to say of a file is that nobody has
// filled in anything yet: that is no mistake, and people may be about to.
func Unfilled(problems diag.List) bool {
	return len(problems) == 1 && strings.HasPrefix(problems[0].Summary, nothingYet)
}

// each calls visit with every row. Mistakes of the form are reported; a row with
// too many or too few fields is passed over.
func (s sheet) each(visit func(sheetRow) error) error {
	if strings.EqualFold(filepath.Ext(s.path), ".parquet") {
		return s.eachOfParquet(visit)
	}
	return s.eachOfCSV(visit)
}

// eachOfParquet reads a table. A row of it is what a line is to a text.
func (s sheet) eachOfParquet(visit func(sheetRow) error) error {
	f, err := table.OpenForeign(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	has := func(column string) bool { return f.First(column) != "" }
	for _, column := range s.needed(has) {
		if !has(column) {
			return f.Missing(column)
		}
	}
	return f.Each(s.columns, func(n int, get func(string) parquet.Value) error {
		return visit(sheetRow{
			has: has,
			get: func(column string) string { return strings.TrimSpace(table.Text(get(column))) },
			where: func(string) diag.Range {
				at := diag.Position{Line: n, Column: 1}
				return diag.Range{File: s.path, Start: at, End: at}
			},
		})
	})
}

func (s sheet) eachOfCSV(visit func(sheetRow) error) error {
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
	has := func(column string) bool { _, ok := columns[column]; return ok }
	width, complete := len(header), true
	for _, name := range s.needed(has) {
		if !has(name) {
			complete = false
			at := diag.Position{Line: 1, Column: 1}
			s.found.Errorf(diag.Range{File: s.path, Start: at, End: at}, fmt.Sprintf("There is no column %q", name),
				"The first line should name %s; it names %s.%s", s.header, strings.Join(slices.Sorted(maps.Keys(columns)), ", "),
				diag.DidYouMean(name, slices.Sorted(maps.Keys(columns))))
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
			s.found.Errorf(diag.Range{File: s.path, Start: at, End: at}, "The line is not CSV", "%v. A quote that begins a field must end it too.", wrong.Err)
			return nil
		case err != nil:
			return err
		}
		row := sheetRow{
			has: has,
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
			s.found.Errorf(row.where(""), fmt.Sprintf("The line has %d fields", len(fields)), "The first line has %d.", width)
			if odd++; odd == maxFindings {
				return errStop
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
