package exchange

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
)

// Formats are the endings of the files that are written.
var Formats = []string{".parquet", ".csv", ".jsonl"}

// column is a column of rows. A value is a text, a whole number, a number or a time; nil
// is none, and empty in CSV.
type column[Row any] struct {
	name  string
	of    reflect.Type // of the values that are there
	tag   string       // how Parquet has it, after the name
	value func(Row) any
}

func text[Row any](name string, of func(Row) string) column[Row] {
	return column[Row]{name, reflect.TypeFor[string](), ",dict", func(row Row) any { return of(row) }}
}

func number[Row any](name string, of func(Row) (int64, bool)) column[Row] {
	return column[Row]{name, reflect.TypeFor[*int64](), "", func(row Row) any {
		if n, ok := of(row); ok {
			return &n
		}
		return nil
	}}
}

func real[Row any](name string, of func(Row) (float64, bool)) column[Row] {
	return column[Row]{name, reflect.TypeFor[*float64](), "", func(row Row) any {
		if x, ok := of(row); ok {
			return &x
		}
		return nil
	}}
}

func moment[Row any](name string, of func(Row) time.Time) column[Row] {
	return column[Row]{name, reflect.TypeFor[*time.Time](), ",optional,timestamp(microsecond)", func(row Row) any {
		if t := of(row); !t.IsZero() {
			t = t.UTC()
			return &t
		}
		return nil
	}}
}

// cell is a value as CSV has it.
func cell(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case *int64:
		return strconv.FormatInt(*v, 10)
	case *float64:
		return strconv.FormatFloat(*v, 'f', -1, 64)
	case *time.Time:
		return timeText(*v)
	}
	return ""
}

// formatOf is the format of a file by its name's ending, one of Formats.
func formatOf(path string) (string, error) {
	format := strings.ToLower(filepath.Ext(path))
	if !slices.Contains(Formats, format) {
		return "", diag.Errorf(diag.Range{}, fmt.Sprintf("%q is of no format that is known", path), "Its name ends in %s.%s",
			strings.Join(Formats, ", "), diag.DidYouMean(filepath.Ext(path), Formats))
	}
	return format, nil
}

// encodeTable writes rows in a format. line is a row of JSON Lines.
func encodeTable[Row any](w io.Writer, format string, columns []column[Row], rows []Row, line func(Row) any) error {
	switch format {
	case ".parquet":
		return writeParquet(w, columns, rows)
	case ".csv":
		return writeCSV(w, columns, rows)
	}
	return writeLines(w, rows, line)
}

func writeCSV[Row any](w io.Writer, columns []column[Row], rows []Row) error {
	out := csv.NewWriter(w)
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = c.name
	}
	out.Write(fields) // an error comes again with Flush
	for _, row := range rows {
		for i, c := range columns {
			fields[i] = cell(c.value(row))
		}
		out.Write(fields)
	}
	out.Flush()
	return out.Error()
}

func writeLines[Row any](w io.Writer, rows []Row, line func(Row) any) error {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for _, row := range rows {
		if err := encoder.Encode(line(row)); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// rowsAtOnce bounds the rows of a group, and so the memory that writing takes.
const rowsAtOnce = 10_000

func writeParquet[Row any](w io.Writer, columns []column[Row], rows []Row) error {
	fields := make([]reflect.StructField, len(columns))
	for i, c := range columns {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("Column%d", i), Type: c.of, Tag: reflect.StructTag(fmt.Sprintf("parquet:%q", c.name+c.tag))}
	}
	of := reflect.StructOf(fields)
	schema := parquet.SchemaOf(reflect.New(of).Interface())
	out := parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Snappy))
	for chunk := range slices.Chunk(rows, rowsAtOnce) {
		values := make([]parquet.Row, len(chunk))
		for n, row := range chunk {
			made := reflect.New(of).Elem()
			for i, c := range columns {
				if value := c.value(row); value != nil {
					made.Field(i).Set(reflect.ValueOf(value))
				}
			}
			values[n] = schema.Deconstruct(nil, made.Interface())
		}
		if _, err := out.WriteRows(values); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return out.Close()
}
