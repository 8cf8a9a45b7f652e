package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/people"
)

// columns are those of a judgement, in the order of row.
const columns = "id, question, item, images, prompt, category, rater, purpose, answers, shown, time, duration, page"

// row is a judgement as the table has it.
func row(j people.Judgement) ([]any, error) {
	switch {
	case j.ID == "" || j.Question == "" || j.Item == "" || j.Rater == "" || j.Purpose == "":
		return nil, fmt.Errorf("judgement %q of %q by %q lacks its ID, question, item, rater or purpose", j.ID, j.Item, j.Rater)
	case len(j.Answers) == 0:
		return nil, fmt.Errorf("judgement %q has no answer", j.ID)
	case j.Time.IsZero():
		return nil, fmt.Errorf("judgement %q has no time", j.ID)
	}
	text := func(value any) string {
		made, err := json.Marshal(value)
		if err != nil {
			panic(err) // strings alone
		}
		return string(made)
	}
	return []any{j.ID, j.Question, j.Item, text(j.Images), j.Prompt, j.Category, j.Rater, string(j.Purpose),
		text(j.Answers), text(j.Shown), j.Time.UnixMilli(), j.Duration.Nanoseconds(), j.Page}, nil
}

// checksum tells a row from one that a disk has changed. It is of the row's columns.
func checksum(row []any) []byte {
	h := sha256.New()
	for _, value := range row {
		text := fmt.Sprint(value)
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	return h.Sum(nil)[:8]
}

// Add stores judgements, all or none. They are durable when it returns nil. What is
// stored already, by its ID, is not stored again, and one that was withdrawn stays so.
// A rater's second answer to an item, with the purpose people.Asked, is ErrAnswered.
// Number is not looked at.
func (d *Database) Add(ctx context.Context, judgements ...people.Judgement) error {
	rows := make([][]any, len(judgements))
	for i, j := range judgements {
		made, err := row(j)
		if err != nil {
			return err
		}
		rows[i] = append(made, checksum(made))
	}
	return d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for i, j := range judgements {
			if err := add(ctx, tx, j, rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func add(ctx context.Context, tx *sql.Tx, j people.Judgement, row []any) error {
	var same bool
	err := tx.QueryRowContext(ctx, "SELECT question = ? AND item = ? AND rater = ? AND purpose = ? AND answers = ? FROM judgements WHERE id = ?",
		row[1], row[2], row[6], row[7], row[8], j.ID).Scan(&same)
	switch {
	case err == nil && same:
		return nil
	case err == nil:
		return fmt.Errorf("%w: %q", ErrTaken, j.ID)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if j.Purpose == people.Asked {
		var answered bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM judgements WHERE question = ? AND item = ? AND rater = ? AND purpose = ? AND id NOT IN (SELECT judgement FROM withdrawals))",
			j.Question, j.Item, j.Rater, string(people.Asked)).Scan(&answered); err != nil {
			return err
		}
		if answered {
			return fmt.Errorf("%w: %s, item %s of %s", ErrAnswered, j.Rater, j.Item, j.Question)
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO judgements ("+columns+", checksum) VALUES ("+strings.Repeat("?, ", len(row)-1)+"?)", row...)
	return err
}

// Withdraw takes a judgement back, which only the rater who gave it can do. Doing so
// twice changes nothing.
func (d *Database) Withdraw(ctx context.Context, rater, judgement string) error {
	now := time.Now().UnixMilli()
	return d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var given bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM judgements WHERE id = ? AND rater = ?)", judgement, rater).Scan(&given); err != nil {
			return err
		}
		if !given {
			return fmt.Errorf("%w: a judgement %q of %s", ErrUnknown, judgement, rater)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO withdrawals (judgement, rater, time) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", judgement, rater, now)
		return err
	})
}

// Judgements are those that stand, in the order in which they came.
func (d *Database) Judgements(ctx context.Context) ([]people.Judgement, error) {
	return d.read(ctx, "WHERE id NOT IN (SELECT judgement FROM withdrawals)")
}

// Withdrawn are the judgements that were taken back, in the order in which they came.
func (d *Database) Withdrawn(ctx context.Context) ([]people.Judgement, error) {
	return d.read(ctx, "WHERE id IN (SELECT judgement FROM withdrawals)")
}

// Judgement is the one of an ID, whether it stands or not, or ErrUnknown.
func (d *Database) Judgement(ctx context.Context, id string) (j people.Judgement, stands bool, err error) {
	found, err := d.read(ctx, "WHERE id = ?", id)
	if err != nil {
		return j, false, err
	}
	if len(found) == 0 {
		return j, false, fmt.Errorf("%w: a judgement %q", ErrUnknown, id)
	}
	var withdrawn bool
	if err := d.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM withdrawals WHERE judgement = ?)", id).Scan(&withdrawn); err != nil {
		return j, false, d.explained(err)
	}
	return found[0], !withdrawn, nil
}

// read returns the judgements of a condition, by number.
func (d *Database) read(ctx context.Context, condition string, values ...any) (all []people.Judgement, err error) {
	rows, err := d.reads.QueryContext(ctx, "SELECT number, "+columns+", checksum FROM judgements "+condition+" ORDER BY number", values...)
	if err != nil {
		return nil, d.explained(err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			j                      people.Judgement
			images, answers, shown string
			when, duration         int64
			sum                    []byte
		)
		if err := rows.Scan(&j.Number, &j.ID, &j.Question, &j.Item, &images, &j.Prompt, &j.Category, &j.Rater, &j.Purpose, &answers, &shown, &when, &duration, &j.Page, &sum); err != nil {
			return nil, d.explained(err)
		}
		if !slices.Equal(sum, checksum([]any{j.ID, j.Question, j.Item, images, j.Prompt, j.Category, j.Rater, j.Purpose, answers, shown, when, duration, j.Page})) {
			return nil, fmt.Errorf("%w: judgement %d in %s is not what was written; put a copy in its place, or have the item judged anew after: sqlite3 %[3]s 'DELETE FROM judgements WHERE number = %[2]d'", ErrDamaged, j.Number, d.path)
		}
		if err := errors.Join(json.Unmarshal([]byte(images), &j.Images), json.Unmarshal([]byte(answers), &j.Answers), json.Unmarshal([]byte(shown), &j.Shown)); err != nil {
			return nil, d.damaged(fmt.Sprintf("judgement %d: %v", j.Number, err))
		}
		j.Time, j.Duration = time.UnixMilli(when).UTC(), time.Duration(duration)
		all = append(all, j)
	}
	if err := rows.Err(); err != nil {
		return nil, d.explained(err)
	}
	return all, nil
}
