package imagefolder

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// namesFiles reports whether a table called metadata.parquet is metadata of
// images beside it, and not images itself. A table that cannot be read is
// metadata, so that it is complained about.
func (r *folder) namesFiles(file string) bool {
	f, err := r.openMetadata(file)
	if err != nil {
		return true
	}
	defer f.Close()
	return f.First("image.bytes") == ""
}

func (r *folder) openMetadata(file string) (*table.Foreign, error) {
	opened, err := r.openTableFile(file)
	if err != nil {
		return nil, err
	}
	return table.ForeignOf(opened, r.whole(file))
}

// readParquet reads metadata in a table: a row for each image, with the columns
// that a metadata.jsonl has. Slots are a struct of words, or JSON as in our own
// tables.
func (m *metadata) readParquet(file string) error {
	f, err := m.openMetadata(file)
	if err != nil {
		return m.unreadable(file, err)
	}
	defer f.Close()
	names, where := f.Columns(), diag.Range{File: m.whole(file)}
	for _, column := range m.columns() {
		if f.Twice(column) {
			return m.form(textfile.Twice(0, column, names))
		}
	}
	if complete, err := m.judge(where, names, func(column string) bool { return slices.Contains(names, column) }); !complete {
		return cmp.Or(err, errStop)
	}
	captions := captionColumns
	if m.Caption != "" {
		captions = []string{m.Caption}
	}
	for _, column := range append([]string{"file_name"}, captions...) {
		if kind, ok := f.Kind(column); ok && kind != parquet.ByteArray && kind != parquet.FixedLenByteArray {
			m.problems.Errorf(where, fmt.Sprintf("The column %q holds no text", column), "It holds %s.", kind)
			return errStop
		}
	}
	words := f.Under("slots") // of a struct of slots
	wanted := m.columns()
	err = f.Each(wanted, func(n int, get func(string) parquet.Value) error {
		slots, err := table.ParseSlots(table.Text(get("slots")))
		if err != nil {
			return m.problem(where, fmt.Sprintf("The slots of row %d cannot be read", n), err.Error()+".")
		}
		for _, word := range words {
			if value := table.Text(get(word)); value != "" {
				if slots == nil {
					slots = map[string]string{}
				}
				slots[strings.TrimPrefix(word, "slots.")] = value
			}
		}
		for _, column := range wanted {
			if !utf8.ValidString(table.Text(get(column))) {
				return m.problem(where, fmt.Sprintf("The column %q of row %d is not UTF-8", column, n), "Its letters are of another encoding, or the column holds something else than text.")
			}
		}
		return m.add(n, names, slots, func(column string) (string, bool) {
			return table.Text(get(column)), slices.Contains(names, column)
		})
	})
	var known *table.Error
	if errors.As(err, &known) {
		return m.unreadable(file, err)
	}
	return err
}
