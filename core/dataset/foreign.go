package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// foreign is a table that somebody else made: columns are found by name,
// whatever their order and exact type.
type foreign struct {
	*table
	leaves map[string]int // by name, such as "image.bytes"; single values only
}

func openForeign(path string) (*foreign, error) {
	t, err := openTable(path)
	if err != nil {
		return nil, err
	}
	f := &foreign{table: t, leaves: map[string]int{}}
	err = guard(path, func() error {
		schema := t.parquet.Schema()
		for _, column := range schema.Columns() {
			if leaf, ok := schema.Lookup(column...); ok && leaf.MaxRepetitionLevel == 0 {
				f.leaves[strings.Join(column, ".")] = leaf.ColumnIndex
			}
		}
		return nil
	})
	if err != nil {
		t.close()
		return nil, err
	}
	return f, nil
}

// first returns the first of these columns that the table has, or "".
func (f *foreign) first(columns ...string) string {
	for _, c := range columns {
		if _, ok := f.leaves[c]; ok {
			return c
		}
	}
	return ""
}

func (f *foreign) missing(column string) error {
	return &Error{f.path, column, fmt.Errorf("is missing; the file has %s", columnNames(f.parquet.Schema()))}
}

// errStop ends each without being an error.
var errStop = errors.New("stop")

// each calls visit with every row, counted from 1. The values of a row are
// valid during the call.
func (f *foreign) each(visit func(row int, get func(column string) parquet.Value) error) error {
	rows := parquet.NewReader(f.parquet)
	batch := make([]parquet.Row, chunk)
	row := 0
	for {
		var n int
		err := guard(f.path, func() (err error) {
			n, err = rows.ReadRows(batch)
			return err
		})
		for _, values := range batch[:n] {
			row++
			get := func(column string) parquet.Value {
				leaf, ok := f.leaves[column]
				if !ok {
					return parquet.NullValue()
				}
				at := slices.IndexFunc(values, func(v parquet.Value) bool { return v.Column() == leaf })
				if at < 0 {
					return parquet.NullValue()
				}
				return values[at]
			}
			if err := visit(row, get); errors.Is(err, errStop) {
				return nil
			} else if err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) && int64(row) == f.parquet.NumRows():
			return nil
		case errors.Is(err, io.EOF):
			return &Error{Path: f.path, Err: fmt.Errorf("%w: it holds %d rows, its footer claims %d", ErrDamaged, row, f.parquet.NumRows())}
		case err != nil:
			return &Error{Path: f.path, Err: fmt.Errorf("%w: %w", ErrDamaged, err)}
		case n == 0:
			return &Error{Path: f.path, Err: fmt.Errorf("%w: it gives neither rows nor an end", ErrDamaged)}
		}
	}
}

// text returns a value as text: of texts themselves, of numbers in decimals,
// of nothing "".
func text(v parquet.Value) string {
	if v.IsNull() {
		return ""
	}
	return strings.Clone(v.String())
}
