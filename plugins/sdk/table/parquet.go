package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/plugins/sdk/gitlfs"
)

// Error says what is wrong with a table.
type Error struct {
	Path   string // the file
	Column string // such as "image.bytes"; empty if it is not about one
	Err    error
}

func (e *Error) Error() string {
	if e.Column != "" {
		return fmt.Sprintf("%s: column %q: %v", e.Path, e.Column, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Path, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// ErrDamaged says that a file is no Parquet file, or not a whole one.
var ErrDamaged = errors.New("not an intact Parquet file")

// guard runs code of the Parquet library. It is the one place where a panic of
// that library, its answer to many a damaged file, becomes an error.
func guard(path string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Path: path, Err: fmt.Errorf("%w: %v", ErrDamaged, p)}
		}
	}()
	return call()
}

// table is an open Parquet file.
type table struct {
	path    string
	file    *os.File
	parquet *parquet.File
}

func openTable(path string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	return tableOf(f, path)
}

// tableOf opens a table that is open as a file.
func tableOf(file *os.File, path string) (*table, error) {
	t := &table{path: path, file: file}
	info, err := file.Stat()
	if err == nil {
		err = guard(path, func() error { return t.open(info.Size()) })
	}
	if err != nil {
		file.Close()
		var known *Error
		if !errors.As(err, &known) {
			err = &Error{Path: path, Err: err}
		}
		return nil, err
	}
	return t, nil
}

func (t *table) open(size int64) error {
	if err := checkFrame(t.file, size); errors.Is(err, gitlfs.Error{}) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var err error
	t.parquet, err = parquet.OpenFile(t.file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := checkExtent(t.parquet, size); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	view, err := unpackedFile(t.file, t.parquet.Metadata())
	if err != nil || view == nil {
		return err
	}
	t.parquet, err = parquet.OpenFile(view, view.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

func (t *table) close() error { return t.file.Close() }

// magic begins and ends a Parquet file, encryptedMagic one whose footer is
// encrypted.
const magic, encryptedMagic = "PAR1", "PARE"

// checkFrame looks at the first and last bytes, so that the library does not
// make room for a footer whose length is garbage.
func checkFrame(r io.ReaderAt, size int64) error {
	begin := make([]byte, min(size, 128))
	if n, _ := r.ReadAt(begin, 0); gitlfs.IsPointer(begin[:n]) {
		return gitlfs.Error{}
	}
	var head [4]byte
	var tail [8]byte
	if size < int64(len(head)+len(tail)) {
		return fmt.Errorf("it has only %d bytes", size)
	}
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return err
	}
	if _, err := r.ReadAt(tail[:], size-int64(len(tail))); err != nil {
		return err
	}
	if string(head[:]) == encryptedMagic {
		return errors.New("it is encrypted, which is not supported")
	}
	if string(head[:]) != magic {
		return fmt.Errorf("it does not begin with %s", magic)
	}
	if string(tail[4:]) != magic {
		return fmt.Errorf("it does not end with %s, it may have been cut short", magic)
	}
	if footer := int64(binary.LittleEndian.Uint32(tail[:4])); footer > size-int64(len(head)+len(tail)) {
		return fmt.Errorf("its footer claims %d bytes of %d", footer, size)
	}
	return nil
}

// checkExtent compares what the footer claims with the size of the file.
func checkExtent(f *parquet.File, size int64) error {
	meta := f.Metadata()
	var rows int64
	for _, group := range meta.RowGroups {
		if group.NumRows < 0 || group.NumRows > meta.NumRows {
			return fmt.Errorf("a row group claims %d rows of %d", group.NumRows, meta.NumRows)
		}
		rows += group.NumRows
		for _, column := range group.Columns {
			m := column.MetaData
			start, length := m.DataPageOffset, m.TotalCompressedSize
			if m.DictionaryPageOffset > 0 {
				start = min(start, m.DictionaryPageOffset)
			}
			if start < 0 || length < 0 || start > size || length > size-start {
				return fmt.Errorf("column %q claims bytes beyond the end of the file", strings.Join(m.PathInSchema, "."))
			}
		}
	}
	if rows != meta.NumRows {
		return fmt.Errorf("its row groups hold %d rows, its footer claims %d", rows, meta.NumRows)
	}
	return nil
}

// checkColumns makes sure that the table has every column of a schema, in its
// type. Further columns do no harm.
func (t *table) checkColumns(want *parquet.Schema) error {
	have := t.parquet.Schema()
	for _, path := range want.Columns() {
		column := strings.Join(path, ".")
		wanted, _ := want.Lookup(path...)
		found, ok := have.Lookup(path...)
		switch {
		case !ok:
			return &Error{t.path, column, fmt.Errorf("is missing; the file has %s", columnNames(have))}
		case found.Node.Type().Kind() != wanted.Node.Type().Kind():
			return &Error{t.path, column, fmt.Errorf("holds %s where %s is needed", found.Node.Type(), wanted.Node.Type())}
		case found.MaxRepetitionLevel != wanted.MaxRepetitionLevel:
			return &Error{t.path, column, errors.New("is a list where a single value is needed, or the reverse")}
		}
	}
	return nil
}

func columnNames(schema *parquet.Schema) string {
	const most = 20
	var names []string
	for i, path := range schema.Columns() {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, strings.Join(path, "."))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Rows returns the number of rows of a table, from its footer.
func Rows(path string) (int, error) {
	t, err := openTable(path)
	if err != nil {
		return 0, err
	}
	defer t.close()
	return int(t.parquet.NumRows()), nil
}
