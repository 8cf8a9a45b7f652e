package labels

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// sheet is a file that people filled in: CSV in any dialect of textfile.CSV, or
// Parquet, by what it holds or by its extension.
type sheet struct {
	path    string
	columns []string                                    // that are of interest
	needed  func(has func(column string) bool) []string // columns that must be there
	header  string                                      // what the columns should be, for a sentence
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
	var form *textfile.Mistake
	switch {
	case errors.As(err, &form) && form.Line > 0:
		s.found.Errorf(form.Range(s.path), form.Summary, "%s", form.Detail)
	case errors.As(err, &form):
		s.found.Errorf(at, form.Summary, "%s The %s are CSV or Parquet with %s.", form.Detail, what, s.header)
	case err != nil && !errors.Is(err, errStop):
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
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return err
	} else if info.IsDir() {
		return errors.New("it is a directory; give the path of a file")
	}
	head := make([]byte, len(parquetMagic))
	n, _ := f.ReadAt(head, 0)
	if string(head[:n]) == parquetMagic || strings.EqualFold(filepath.Ext(s.path), ".parquet") {
		return s.eachOfParquet(visit)
	}
	return s.eachOfCSV(f, visit)
}

// parquetMagic begins a Parquet file, whatever its name.
const parquetMagic = "PAR1"

// eachOfParquet reads a table. A row of it is what a line is to a text.
func (s sheet) eachOfParquet(visit func(sheetRow) error) error {
	f, err := table.OpenForeign(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	has := func(column string) bool { return f.First(column) != "" }
	for _, column := range s.columns {
		if f.Twice(column) {
			return textfile.Twice(0, column, f.Columns())
		}
	}
	if !s.complete(diag.Range{File: s.path}, has, f.Columns()) {
		return nil
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

func (s sheet) eachOfCSV(f *os.File, visit func(sheetRow) error) error {
	lines, err := textfile.NewCSV(f, s.path, s.columns)
	if err != nil {
		return err
	}
	has := func(column string) bool { _, ok := lines.Column(column); return ok }
	if !s.complete(textfile.Mistake{Line: lines.Line()}.Range(s.path), has, lines.Names()) {
		return nil
	}
	row := sheetRow{
		has: has,
		get: func(column string) string {
			field, _ := lines.Get(column)
			return strings.TrimSpace(field)
		},
		where: lines.Where,
	}
	odd := 0 // lines
	for {
		err := lines.Next()
		var form *textfile.Mistake
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &form) && !form.Final:
			s.found.Errorf(form.Range(s.path), form.Summary, "%s", form.Detail)
			if odd++; odd == maxFindings {
				return errStop
			}
			continue
		case err != nil:
			return err
		}
		if err := visit(row); err != nil {
			return err
		}
	}
}

// complete reports whether the columns are there that must be, and says which are
// not.
func (s sheet) complete(where diag.Range, has func(string) bool, names []string) bool {
	complete := true
	for _, name := range s.needed(has) {
		if !has(name) {
			complete = false
			s.found.Errorf(where, fmt.Sprintf("There is no column %q", name),
				"The columns are %s; there should be %s.%s", strings.Join(names, ", "), s.header, diag.DidYouMean(name, names))
		}
	}
	return complete
}
