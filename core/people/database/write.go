package database

import (
	"context"
	"database/sql"
	"errors"
	"os"
)

// write is a change, and the error of it when it is done.
type write struct {
	change func(context.Context, *sql.Tx) error
	done   chan error // of one place: nobody may be waiting any more
}

// mostTogether bounds how many writes are made durable at once.
const mostTogether = 256

// errReadOnly says that a database of Read was to be written to.
var errReadOnly = errors.New("the database was opened to be read")

// change makes a change and returns when it is durable. A change that fails leaves
// nothing behind. When ctx ends first nobody knows whether the change was made: it has a
// context of its own, since an interrupted statement would undo others made with it.
func (d *Database) change(ctx context.Context, change func(context.Context, *sql.Tx) error) error {
	if d.writes == nil {
		return errReadOnly
	}
	w := &write{change, make(chan error, 1)}
	if err := d.enqueue(ctx, w); err != nil {
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Database) enqueue(ctx context.Context, w *write) error {
	d.closing.RLock() // so that the queue is not closed meanwhile
	defer d.closing.RUnlock()
	if d.closed {
		return os.ErrClosed
	}
	select {
	case d.queue <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write makes changes in the order in which they come. Those that came while others
// were made durable are made so together, by one sync.
func (d *Database) write() {
	defer close(d.ended)
	for first := range d.queue {
		together := []*write{first}
	more:
		for len(together) < mostTogether {
			select {
			case w, ok := <-d.queue:
				if !ok {
					break more
				}
				together = append(together, w)
			default:
				break more
			}
		}
		d.commit(together)
	}
}

// commit makes changes durable and tells each how it ended: all by its own error, or
// all by the one of the transaction.
func (d *Database) commit(together []*write) {
	ctx := context.Background() // whoever asked for one of them cannot stop the others'
	own := make([]error, len(together))
	err := transaction(ctx, d.writes, func(ctx context.Context, tx *sql.Tx) error {
		for i, w := range together {
			if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
				return err
			}
			own[i] = w.change(ctx, tx)
			if code(own[i]) != 0 { // not the change's doing
				return own[i]
			}
			end := "RELEASE one"
			if own[i] != nil {
				end = "ROLLBACK TO one; RELEASE one"
			}
			if _, err := tx.ExecContext(ctx, end); err != nil {
				return err
			}
		}
		return nil
	})
	for i, w := range together {
		if err != nil {
			own[i] = d.explained(err)
		}
		w.done <- own[i]
	}
}

// transaction makes a change, or none of it.
func transaction(ctx context.Context, db *sql.DB, change func(context.Context, *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := change(ctx, tx); err != nil {
		tx.Rollback() // SQLite may have done so already
		return err
	}
	return tx.Commit()
}

// Elsewhere is a number that changes when another process has written to the database.
func (d *Database) Elsewhere(ctx context.Context) (int64, error) {
	var n int64
	err := d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "PRAGMA data_version").Scan(&n)
	})
	return n, err
}
