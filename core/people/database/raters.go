package database

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Rater is somebody who has, or had, a link.
type Rater struct {
	Name    string
	Token   string    // the secret part of the link
	Made    time.Time // UTC
	Revoked time.Time // zero: the link holds
}

// goldName is who gives known answers, in tables of labels: nobody else may be called so.
const goldName = "gold"

// longestName bounds a rater's name, in characters.
const longestName = 64

// CheckName says what is wrong with a rater's name.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("a rater's name is empty")
	case strings.EqualFold(name, goldName):
		return fmt.Errorf("a rater cannot be called %q: known answers stand under this name", name)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("the rater's name %q begins or ends with a space", name)
	case utf8.RuneCountInString(name) > longestName:
		return fmt.Errorf("the rater's name %.20q... is longer than %d characters", name, longestName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("the rater's name %q has characters that cannot be printed", name)
	}
	return nil
}

// AddRater gives somebody a link. One who has a link keeps it, and one whose link was
// revoked gets a new one. A name that differs from another one's in case alone is
// refused: one person would count as two.
func (d *Database) AddRater(ctx context.Context, name string) (Rater, error) {
	if err := CheckName(name); err != nil {
		return Rater{}, err
	}
	made, token := time.Now().UTC().Truncate(time.Millisecond), rand.Text()
	var rater Rater
	err := d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		all, err := raters(ctx, tx)
		if err != nil {
			return err
		}
		for _, one := range all {
			switch {
			case one.Name == name && one.Revoked.IsZero():
				rater = one
				return nil
			case one.Name != name && strings.EqualFold(one.Name, name):
				return fmt.Errorf("there is a rater %q: is %q somebody else? Give a name that differs in more than case", one.Name, name)
			}
		}
		rater = Rater{Name: name, Token: token, Made: made}
		_, err = tx.ExecContext(ctx, "INSERT INTO raters (name, token, made, revoked) VALUES (?, ?, ?, 0) ON CONFLICT (name) DO UPDATE SET token = excluded.token, made = excluded.made, revoked = 0",
			name, token, made.UnixMilli())
		return err
	})
	return rater, err
}

// Raters are all who have or had a link, by name.
func (d *Database) Raters(ctx context.Context) ([]Rater, error) {
	all, err := raters(ctx, d.reads)
	if err != nil {
		return nil, d.explained(err)
	}
	return all, nil
}

// asked is a connection or a transaction.
type asked interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func raters(ctx context.Context, db asked) (all []Rater, err error) {
	rows, err := db.QueryContext(ctx, "SELECT name, token, made, revoked FROM raters ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Rater
		var made, revoked int64
		if err := rows.Scan(&r.Name, &r.Token, &made, &revoked); err != nil {
			return nil, err
		}
		r.Made = time.UnixMilli(made).UTC()
		if revoked != 0 {
			r.Revoked = time.UnixMilli(revoked).UTC()
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// Revoke ends a rater's link; what the rater said stands. It is ErrUnknown where there
// is no such rater.
func (d *Database) Revoke(ctx context.Context, name string) error {
	now := time.Now().UnixMilli()
	return d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE raters SET revoked = iif(revoked = 0, ?, revoked) WHERE name = ?", now, name)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("%w: a rater %q", ErrUnknown, name))
		}
		return nil
	})
}

// Forget deletes for good what a rater said, the link and the name, and returns how many
// judgements that were. An image that the rater reported stays reported, by nobody.
// Where another process keeps it from overwriting what is left in SQLite's log, the error
// says so, and Forget can be called again.
func (d *Database) Forget(ctx context.Context, name string) (judgements int, err error) {
	known := false
	err = d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for i, change := range []string{
			"DELETE FROM withdrawals WHERE rater = ?1 OR judgement IN (SELECT id FROM judgements WHERE rater = ?1)",
			"UPDATE reports SET rater = '', reason = '' WHERE rater = ?1",
			"DELETE FROM raters WHERE name = ?1",
			"DELETE FROM judgements WHERE rater = ?1",
		} {
			done, err := tx.ExecContext(ctx, change, name)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			known = known || n > 0
			if i == 3 {
				judgements = int(n)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if err := d.truncate(ctx); err != nil {
		return judgements, err
	}
	if !known {
		return 0, fmt.Errorf("%w: a rater %q", ErrUnknown, name)
	}
	return judgements, nil
}

// truncate moves SQLite's log into the file, where what was deleted is overwritten, and
// leaves nothing in the log.
func (d *Database) truncate(ctx context.Context) error {
	d.closing.RLock()
	defer d.closing.RUnlock()
	if d.closed {
		return nil
	}
	var busy, pages, moved int
	if err := d.writes.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return d.explained(err)
	}
	if busy != 0 {
		return fmt.Errorf("%s: it is deleted, but another process holds the log in which it still is: do this again when that one has ended", d.path)
	}
	return nil
}

// Experimenter is the secret part of the experimenter's link, made when it is first
// asked for.
func (d *Database) Experimenter(ctx context.Context) (token string, err error) {
	return d.secret(ctx, "experimenter")
}

// Secret is what is unguessable outside of this database and always the same in it: what
// names of tasks and images are made from.
func (d *Database) Secret(ctx context.Context) (string, error) { return d.secret(ctx, "tasks") }

func (d *Database) secret(ctx context.Context, name string) (value string, err error) {
	fresh := rand.Text() + rand.Text()
	err = d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", name, fresh); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT value FROM secrets WHERE name = ?", name).Scan(&value)
	})
	return value, err
}
