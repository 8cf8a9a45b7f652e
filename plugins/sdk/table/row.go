package table

import (
	"errors"
	"fmt"
	"io"
)

// Row returns one row of a table, from 0, and reads little more than its page. What
// reads many rows in order is Read.
func Row[T any](path string, row int) (T, error) {
	var none, found T
	t, err := openTable(path)
	if err != nil {
		return none, err
	}
	defer t.close()
	if rows := t.parquet.NumRows(); row < 0 || int64(row) >= rows {
		return none, &Error{Path: path, Err: fmt.Errorf("it has %d rows, and row %d is asked for", rows, row)}
	}
	err = guard(path, func() error {
		rows, err := newSource[T](t)
		if err != nil {
			return err
		}
		seeker, ok := rows.(interface{ seek(row int) error })
		if !ok {
			return errors.New("rows of this type are read in order alone")
		}
		if err := seeker.seek(row); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		batch, err := rows.read()
		switch {
		case len(batch) > 0:
			found = batch[0]
			return nil
		case err == nil || errors.Is(err, io.EOF):
			return fmt.Errorf("%w: row %d is not there", ErrDamaged, row)
		}
		return err
	})
	var known *Error
	if err != nil && !errors.As(err, &known) {
		err = &Error{Path: path, Err: err}
	}
	return found, err
}

// seek has the row come next, alone.
func (s *rowSource[S]) seek(row int) error {
	s.most = 1
	return s.parquet.SeekToRow(int64(row))
}

func (s imageSource) seek(row int) error { return s.rows.seek(row) }
