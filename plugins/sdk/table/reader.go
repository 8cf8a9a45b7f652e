package table

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
)

// Read returns the rows of a table in order. Every column of T must be there
// in its type; others are passed over. An error ends the iteration.
func Read[T any](path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		t, err := openTable(path)
		if err != nil {
			yield(none, err)
			return
		}
		defer t.close()

		var rows source[T]
		err = guard(path, func() (err error) {
			rows, err = newSource[T](t)
			return err
		})
		if err != nil {
			yield(none, err)
			return
		}
		left := t.parquet.NumRows()
		for {
			var batch []T
			err := guard(path, func() (err error) {
				batch, err = rows.read()
				return err
			})
			for _, row := range batch {
				left--
				if !yield(row, nil) {
					return
				}
			}
			switch {
			case errors.Is(err, io.EOF) && left == 0:
				return
			case errors.Is(err, io.EOF):
				err = fmt.Errorf("%w: %d rows less than its footer claims", ErrDamaged, left)
			case err == nil && len(batch) > 0:
				continue
			case err == nil:
				err = fmt.Errorf("%w: it gives neither rows nor an end", ErrDamaged)
			}
			var known *Error
			if !errors.As(err, &known) {
				err = &Error{Path: path, Err: err}
			}
			yield(none, err)
			return
		}
	}
}

// ReadAll returns all rows of a table.
func ReadAll[T any](path string) ([]T, error) {
	var rows []T
	for row, err := range Read[T](path) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// source is what reads rows T: rows as they are, images, or scores.
type source[T any] interface {
	// read returns the next rows, which the caller may keep, and io.EOF with or
	// after the last ones.
	read() ([]T, error)
}

func newSource[T any](t *table) (source[T], error) {
	if _, ok := any(imageSource{}).(source[T]); ok {
		rows, err := newRowSource[imageRow](t)
		if err != nil {
			return nil, err
		}
		return any(imageSource{rows}).(source[T]), nil
	}
	if _, ok := any(&scoreSource{}).(source[T]); ok {
		scores, err := newScoreSource(t)
		if err != nil {
			return nil, err
		}
		return any(scores).(source[T]), nil
	}
	return newRowSource[T](t)
}

// rowSource reads rows S as they are.
type rowSource[S any] struct {
	parquet *parquet.GenericReader[S]
	most    int // rows at once
}

// readBytes is about how much is read at once of a table with large rows.
const readBytes = 4 << 20

// rowsAtOnce is how many rows of a table are read at once: a chunk, or fewer large ones.
// All columns count, whether they are read or not.
func (t *table) rowsAtOnce() int {
	var size int64
	for _, group := range t.parquet.Metadata().RowGroups {
		size += group.TotalByteSize
	}
	return int(max(1, min(chunk, readBytes*t.parquet.NumRows()/max(size, 1))))
}

func newRowSource[S any](t *table) (*rowSource[S], error) {
	if err := t.checkColumns(parquet.SchemaOf(*new(S))); err != nil {
		return nil, err
	}
	return &rowSource[S]{parquet.NewGenericReader[S](t.parquet), t.rowsAtOnce()}, nil
}

func (s *rowSource[S]) read() ([]S, error) {
	rows := make([]S, s.most)
	n, err := s.parquet.Read(rows)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return rows[:n], err
}
