package table

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Foreign is a table that somebody else made: columns are found by name,
// whatever their order and exact type. A column is the name of a single value,
// such as "image.bytes", or of a list of such, of which the first one counts.
type Foreign struct {
	*table
	schema *parquet.Schema         // of what is read
	leaves map[string]int          // by name, such as "image.bytes"; of a list, the first value counts
	kinds  map[string]parquet.Kind // of leaves
}

// OpenForeign opens a table.
func OpenForeign(path string) (*Foreign, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	return ForeignOf(file, path)
}

// ForeignOf opens a table that is open as a file, which errors call path. It
// takes the file over: after an error it is closed.
func ForeignOf(file *os.File, path string) (*Foreign, error) {
	t, err := tableOf(file, path)
	if err != nil {
		return nil, err
	}
	f := &Foreign{table: t}
	err = guard(t.path, func() error {
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

// Close closes the table's file.
func (f *Foreign) Close() error { return f.close() }

// findLeaves lists the columns of single values under their names, and lists of
// single values under the name of the list.
func (f *Foreign) findLeaves() {
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

// First returns the first of these columns that the table has, or "".
func (f *Foreign) First(columns ...string) string {
	for _, c := range columns {
		if _, ok := f.leaves[c]; ok {
			return c
		}
	}
	return ""
}

// Missing says that the table has no such column, and which it has.
func (f *Foreign) Missing(column string) error {
	return &Error{f.path, column, fmt.Errorf("is missing; the file has %s", columnNames(f.schema))}
}

// each visits the rows with all columns of the schema.
func (f *Foreign) each(visit func(row int, get func(column string) parquet.Value) error) error {
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
			if err := visit(row, get); err != nil {
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

// Columns are the names of the columns, outermost ones alone.
func (f *Foreign) Columns() []string {
	var names []string
	for _, field := range f.parquet.Schema().Fields() {
		names = append(names, field.Name())
	}
	return names
}

// Twice reports whether the table has several outermost columns of a name, which
// the format permits: which of them counts nobody could say.
func (f *Foreign) Twice(column string) bool {
	n := 0
	for _, child := range f.parquet.Root().Columns() {
		if child.Name() == column {
			n++
		}
	}
	return n > 1
}

// Kind is the physical type of a column; false if there is none of the name.
func (f *Foreign) Kind(column string) (parquet.Kind, bool) {
	kind, ok := f.kinds[column]
	return kind, ok
}

// Under lists the columns within the column of a struct by their whole names,
// such as "slots.color", sorted.
func (f *Foreign) Under(outer string) []string {
	var names []string
	for name := range f.leaves {
		if strings.HasPrefix(name, outer+".") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Each calls visit with every row, counted from 1, until visit returns an error,
// which it returns. Outermost columns that are not in the list stay on the disk;
// get gives null for them, as for columns that the table has not. The values of a
// row are valid during the call.
func (f *Foreign) Each(columns []string, visit func(row int, get func(column string) parquet.Value) error) error {
	part := &Foreign{table: f.table}
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

// Text returns a value as text: of texts themselves, of numbers in decimals,
// of nothing "".
func Text(v parquet.Value) string {
	if v.IsNull() {
		return ""
	}
	return strings.Clone(v.String())
}
