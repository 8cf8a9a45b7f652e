package stage

import (
	"errors"

	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// writeAnswers writes a table of answers in the order of their positions,
// whatever order they come in, so that a table does not depend on batches.
// Positions start at 0, and add must be called once for each. It returns how
// many rows there are; if fill fails there is no table.
func writeAnswers[Row any](path string, fill func(add func(position int, rows ...Row) error) error) (rows int, err error) {
	return writeRows(path, func(write func(...Row) error) error {
		sorted := inOrder[Row]{write: write}
		return fill(sorted.add)
	})
}

// inOrder hands answers on in the order of their positions, whatever order they come
// in.
type inOrder[Row any] struct {
	write func(rows ...Row) error // of one answer
	next  int
	early map[int][]Row // answers that wait for one before them
}

func (o *inOrder[Row]) add(position int, answer ...Row) error {
	if o.early == nil {
		o.early = map[int][]Row{}
	}
	o.early[position] = answer
	for {
		answer, ok := o.early[o.next]
		if !ok {
			return nil
		}
		if err := o.write(answer...); err != nil {
			return err
		}
		delete(o.early, o.next)
		o.next++
	}
}

// writeRows writes a table and returns how many rows there are; if fill fails there is
// none.
func writeRows[Row any](path string, fill func(write func(rows ...Row) error) error) (rows int, err error) {
	writer, err := table.NewWriter[Row](path)
	if err != nil {
		return 0, err
	}
	err = fill(func(answer ...Row) error {
		rows += len(answer)
		return writer.Write(answer...)
	})
	if err != nil {
		return 0, errors.Join(err, writer.Discard())
	}
	return rows, writer.Close()
}
