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
	schema *parquet.Schema         // of what is read
	leaves map[string]int          // by name, such as "image.bytes"; of a list, the first value counts
	kinds  map[string]parquet.Kind // of leaves
}

func openForeign(path string) (*foreign, error) {
	t, err := openTable(path)
	if err != nil {
		return nil, err
	}
	return foreignOf(t)
}

// foreignOf takes over an open table; after an error it is closed.
func foreignOf(t *table) (*foreign, error) {
	f := &foreign{table: t}
	err := guard(t.path, func() error {
		f.schema = t.parquet.Schema()
		f.findLeaves()
		return nil
	})
	if err != nil {
		t.close()
		return nil, err
	}
	return f, nil
}

// findLeaves lists the columns of single values under their names, and lists of
// single values under the name of the list.
func (f *foreign) findLeaves() {
	f.leaves, f.kinds = map[string]int{}, map[string]parquet.Kind{}
	under := map[string]int{} // leaves, by outermost name
	for _, column := range f.schema.Columns() {
		under[column[0]]++
	}
	for _, column := range f.schema.Columns() {
		leaf, ok := f.schema.Lookup(column...)
		if !ok {
			continue
		}
		name := strings.Join(column, ".")
		if leaf.MaxRepetitionLevel == 1 && under[column[0]] == 1 {
			name = column[0]
		} else if leaf.MaxRepetitionLevel > 0 {
			continue
		}
		f.leaves[name], f.kinds[name] = leaf.ColumnIndex, leaf.Node.Type().Kind()
	}
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
	return &Error{f.path, column, fmt.Errorf("is missing; the file has %s", columnNames(f.schema))}
}

// errStop ends each without being an error.
var errStop = errors.New("stop")

// each calls visit with every row, counted from 1. The values of a row are
// valid during the call.
func (f *foreign) each(visit func(row int, get func(column string) parquet.Value) error) error {
	var rows *parquet.Reader
	err := guard(f.path, func() error {
		rows = parquet.NewReader(f.parquet, f.schema)
		return nil
	})
	if err != nil {
		return err
	}
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

// columns are the names of the columns.
func (f *foreign) columns() []string {
	var names []string
	for _, field := range f.parquet.Schema().Fields() {
		names = append(names, field.Name())
	}
	return names
}

// eachOf is each with some columns alone: the others stay on the disk.
func (f *foreign) eachOf(columns []string, visit func(row int, get func(column string) parquet.Value) error) error {
	part := &foreign{table: f.table}
	err := guard(f.path, func() error {
		group := parquet.Group{}
		for _, field := range f.parquet.Schema().Fields() {
			if slices.Contains(columns, field.Name()) {
				group[field.Name()] = field
			}
		}
		part.schema = parquet.NewSchema(f.parquet.Schema().Name(), group)
		part.findLeaves()
		return nil
	})
	if err != nil {
		return err
	}
	return part.each(visit)
}

// text returns a value as text: of texts themselves, of numbers in decimals,
// of nothing "".
func text(v parquet.Value) string {
	if v.IsNull() {
		return ""
	}
	return strings.Clone(v.String())
}
