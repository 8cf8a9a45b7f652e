package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

var (
	// ErrAnswered says that the rater has answered the item before.
	ErrAnswered = errors.New("the rater has answered this item before")
	// ErrTaken says that another judgement has the ID.
	ErrTaken = errors.New("another judgement has this ID")
	// ErrUnknown says that there is no such rater, judgement or image.
	ErrUnknown = errors.New("there is no such thing")
	// ErrDamaged says that the file is not what was written, or no database.
	ErrDamaged = errors.New("the database of judgements is damaged")
)

// patience is how long a process waits for another one that writes.
const patience = 10 * time.Second

const (
	application = 0x504c4d42 // "PLMB", which file(1) and SQLite's tools show
	version     = 1          // of the tables
)

// tables are those of an empty database. Checksums are of a row's content: SQLite has
// none, and a flipped bit in a word would pass for an answer.
const tables = `
	CREATE TABLE judgements (
		number   INTEGER PRIMARY KEY AUTOINCREMENT,
		id       TEXT    NOT NULL UNIQUE,
		question TEXT    NOT NULL,
		item     TEXT    NOT NULL,
		images   TEXT    NOT NULL, -- a JSON list of the images' names
		prompt   TEXT    NOT NULL,
		category TEXT    NOT NULL,
		rater    TEXT    NOT NULL,
		purpose  TEXT    NOT NULL, -- asked, again, gold or attention
		answers  TEXT    NOT NULL, -- a JSON object, by aspect
		shown    TEXT    NOT NULL, -- a JSON list, from left to right
		time     INTEGER NOT NULL, -- milliseconds since 1970, UTC
		duration INTEGER NOT NULL, -- nanoseconds; 0: not known
		page     TEXT    NOT NULL,
		checksum BLOB    NOT NULL
	) STRICT;
	CREATE INDEX judgements_of_item ON judgements (question, item, rater);
	CREATE TRIGGER judgements_stand BEFORE UPDATE ON judgements BEGIN SELECT RAISE(ABORT, 'judgements are never changed'); END;

	CREATE TABLE withdrawals (
		judgement TEXT    PRIMARY KEY, -- its ID
		rater     TEXT    NOT NULL,
		time      INTEGER NOT NULL
	) STRICT;

	CREATE TABLE raters (
		name    TEXT    PRIMARY KEY,
		token   TEXT    NOT NULL UNIQUE, -- the secret part of the rater's link
		made    INTEGER NOT NULL,
		revoked INTEGER NOT NULL         -- 0: the link holds
	) STRICT;

	CREATE TABLE reports (
		number  INTEGER PRIMARY KEY AUTOINCREMENT,
		image   TEXT    NOT NULL,
		rater   TEXT    NOT NULL,
		reason  TEXT    NOT NULL,
		cleared INTEGER NOT NULL,         -- 1: the report before is lifted
		time    INTEGER NOT NULL
	) STRICT;

	CREATE TABLE secrets (
		name  TEXT PRIMARY KEY,
		value TEXT NOT NULL
	) STRICT;
`

// Database is an open database, for many goroutines; other processes may have it open
// too. Close it.
type Database struct {
	path   string
	reads  *sql.DB
	writes *sql.DB // of one connection; nil: only to be read
	queue  chan *write
	ended  chan struct{} // closed when the last write is done

	closing sync.RWMutex
	closed  bool
}

// Open opens a database, or makes it, readable by its owner alone.
func Open(path string) (*Database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, full(fmt.Errorf("make %s: %w", path, err))
	}
	d := &Database{path: path, queue: make(chan *write), ended: make(chan struct{})}
	d.writes, err = d.connect("rw", url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(wal)", "synchronous(full)", "fullfsync(1)", "secure_delete(1)"}})
	if err != nil {
		return nil, err
	}
	d.writes.SetMaxOpenConns(1)
	ctx := context.Background()
	if err := d.prepare(ctx); err != nil {
		d.writes.Close()
		return nil, d.explained(err)
	}
	if err := d.check(ctx, d.writes); err != nil {
		d.writes.Close()
		return nil, err
	}
	if d.reads, err = d.connect("ro", nil); err != nil {
		d.writes.Close()
		return nil, err
	}
	go d.write()
	return d, nil
}

// Read opens a database that nothing is to be written to. Where there is none it is
// fs.ErrNotExist.
func Read(path string) (*Database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 { // one that was killed before it had made the tables
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	d := &Database{path: path}
	ctx := context.Background()
	if d.reads, err = d.connect("ro", nil); err != nil {
		return nil, err
	}
	err = d.check(ctx, d.reads)
	if err == nil {
		return d, nil
	}
	d.reads.Close()
	if code(err) != sqlite3.SQLITE_CANTOPEN && code(err) != sqlite3.SQLITE_READONLY {
		return nil, err
	}
	// A database in WAL mode has files beside it even when it is only read. Where they
	// cannot be made, and nothing is left in them, it is read as it lies there.
	if left, failed := os.Stat(path + "-wal"); failed == nil && left.Size() > 0 {
		return nil, fmt.Errorf("%s has judgements in %s-wal, which cannot be read in a directory that is write-protected: copy the directory to where it may be written", path, filepath.Base(path))
	}
	if d.reads, err = d.connect("ro", url.Values{"immutable": {"1"}}); err != nil {
		return nil, err
	}
	if err := d.check(ctx, d.reads); err != nil {
		d.reads.Close()
		return nil, err
	}
	return d, nil
}

// create makes the file and its directory, if need be, so that the names last.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := atomicfile.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := atomicfile.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), atomicfile.SyncDir(dir))
}

// connect opens the file for SQLite, which opens it when it is first asked something.
func (d *Database) connect(mode string, settings url.Values) (*sql.DB, error) {
	query := url.Values{"mode": {mode}, "_busy_timeout": {fmt.Sprint(patience.Milliseconds())}, "_dqs": {"0"}, "_error_rc": {"1"}}
	for name, values := range settings {
		query[name] = values
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(d.path), RawQuery: query.Encode()}).String())
}

// prepare makes the tables of a database that has none.
func (d *Database) prepare(ctx context.Context) error {
	return transaction(ctx, d.writes, func(ctx context.Context, tx *sql.Tx) error {
		var has, objects int
		if err := tx.QueryRowContext(ctx, "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").Scan(&has, &objects); err != nil {
			return err
		}
		if has != 0 || objects != 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, tables+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", application, version))
		return err
	})
}

// check refuses a database of another version, of another program, and a damaged one.
func (d *Database) check(ctx context.Context, db *sql.DB) error {
	var whose, has int
	if err := db.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version)").Scan(&whose, &has); err != nil {
		return d.explained(err)
	}
	switch {
	case whose != application:
		return fmt.Errorf("%w: %s is a database of another program", ErrDamaged, d.path)
	case has > version:
		return fmt.Errorf("%s was made by a newer Plumb (its tables have version %d, and this Plumb knows %d): use that one", d.path, has, version)
	}
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return d.explained(err)
	}
	if found != "ok" {
		return d.damaged(found)
	}
	return nil
}

// Path is where the database is.
func (d *Database) Path() string { return d.path }

// Close waits for what is being written. Whatever is asked of the database afterwards
// fails.
func (d *Database) Close() error {
	d.closing.Lock()
	again := d.closed
	d.closed = true
	d.closing.Unlock()
	if again {
		return nil
	}
	err := d.reads.Close()
	if d.writes != nil {
		close(d.queue)
		<-d.ended
		err = errors.Join(err, d.writes.Close()) // the last one: SQLite moves the log into the file
	}
	return err
}

// explained makes SQLite's errors ones that say what to do.
func (d *Database) explained(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return d.damaged(err.Error())
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%s: %w: nothing was stored; make room", d.path, syscall.ENOSPC)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("%s: another process has been writing for %v: %w", d.path, patience, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR: // also of a full disk: SQLite does not say
		return fmt.Errorf("%s: %w; may its directory be written to, and is there room on the disk?", d.path, err)
	case 0:
		return err
	}
	return fmt.Errorf("%s: %w", d.path, err)
}

func (d *Database) damaged(how string) error {
	return fmt.Errorf("%w: %s: %s; put a copy in its place, or save what can be with: sqlite3 %[2]s .recover", ErrDamaged, d.path, how)
}

// code is SQLite's primary code of an error, 0 if it is not SQLite's.
func code(err error) int {
	var its *sqlite.Error
	if errors.As(err, &its) {
		return its.Code() & 0xff
	}
	return 0
}

// full lets an error of a full disk say what to do.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w; make room", err)
	}
	return err
}
