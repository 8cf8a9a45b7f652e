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
	writer, err := table.NewWriter[Row](path)
	if err != nil {
		return 0, err
	}
	next := 0
	early := map[int][]Row{} // answers that wait for one before them
	err = fill(func(position int, answer ...Row) error {
		early[position] = answer
		for {
			answer, ok := early[next]
			if !ok {
				return nil
			}
			if err := writer.Write(answer...); err != nil {
				return err
			}
			delete(early, next)
			rows += len(answer)
			next++
		}
	})
	if err != nil {
		return 0, errors.Join(err, writer.Discard())
	}
	return rows, writer.Close()
}
