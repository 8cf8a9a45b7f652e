package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// formatVersion is written into every store. It changes when a version that
// knows only the old one would misread or damage the new.
const formatVersion = 1

// The parts of the directory; doc.go says what each holds.
const (
	formatFile    = "format"
	blobsDir      = "blobs"
	recordsDir    = "records"
	nodesDir      = "nodes"
	runsDir       = "runs"
	viewsDir      = "views"
	digestsDir    = "digests"
	scratchDir    = "scratch"
	workDir       = "work"
	quarantineDir = "quarantine"
	locksDir      = "locks"
	keyLocksDir   = "locks/keys"
)

// Store is an open store. Its methods may be called from several goroutines.
type Store struct {
	dir      string
	readOnly bool         // see Read
	use      *flock.Flock // shared: we use the store, nobody may collect
	session  session

	verified verified
	runs     sync.Mutex // held while a run's record is written

	mu     sync.Mutex // for what follows
	closed bool
	works  int // Works that are not yet discarded
}

// Open opens the store in a directory, and creates both if need be. It removes
// what dead processes left half-written, never what living ones write. While
// another process collects garbage, Open waits.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{dir: dir}
	if err := s.open(); err != nil {
		if isReadOnly(err) {
			err = &ReadOnly{Dir: dir, Err: err}
		}
		return nil, fmt.Errorf("open store %s: %w", dir, s.CheckSpace(err, 0))
	}
	return s, nil
}

func (s *Store) open() error {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	if err := s.checkFormat(); err != nil {
		return err
	}
	for _, part := range []string{blobsDir, recordsDir, nodesDir, runsDir, viewsDir, digestsDir, scratchDir, workDir, quarantineDir, keyLocksDir} {
		if err := os.MkdirAll(s.path(part), 0o777); err != nil {
			return err
		}
	}
	s.use = newLock(s.path(locksDir, "use"))
	if err := s.use.RLock(); err != nil {
		return lockError(err)
	}
	if err := s.signOn(); err != nil {
		s.use.Close()
		return err
	}
	return nil
}

// checkFormat reads the format file, or writes it into an empty directory.
func (s *Store) checkFormat() error {
	for try := 0; ; try++ {
		b, err := os.ReadFile(s.path(formatFile))
		switch {
		case err == nil:
			return parseFormat(string(b))
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
		entries, err := os.ReadDir(s.dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			// Another process may be creating the store at this moment; then
			// its format file is there by the second look.
			if !strings.HasPrefix(strings.TrimPrefix(e.Name(), "."), formatFile) && try > 0 {
				return fmt.Errorf("the directory holds other files, such as %s: name an empty or a new directory", e.Name())
			}
		}
		if len(entries) == 0 || try > 0 {
			content := fmt.Sprintf("plumb store %d\n", formatVersion)
			file, err := atomicfile.Create(s.path(formatFile))
			if err != nil {
				return err
			}
			_, err = file.WriteString(content)
			if err = errors.Join(err, file.Chmod(0o444), file.Sync()); err != nil {
				return errors.Join(err, file.Discard())
			}
			if err := file.Commit(); err != nil {
				return err
			}
			return syncDir(s.dir)
		}
	}
}

func parseFormat(content string) error {
	var version int
	if _, err := fmt.Sscanf(content, "plumb store %d\n", &version); err != nil {
		return fmt.Errorf("its format file reads %q, which no version of Plumb writes", content)
	}
	if version != formatVersion {
		return fmt.Errorf("it has format %d, this version of Plumb knows format %d: use the version that made it, or another directory", version, formatVersion)
	}
	return nil
}

// DigestsFile is where digests of files outside of a store are remembered, as
// package digest does.
func DigestsFile(dir string) string { return filepath.Join(dir, digestsDir, "files") }

// Dir returns the store's directory, absolute.
func (s *Store) Dir() string { return s.dir }

// Close signs off: it removes the process's unfinished work and its locks.
// Outputs and records stay. A process that ends without Close is cleaned up
// after by the next one.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.readOnly {
		return s.use.Close()
	}
	return errors.Join(s.session.signOff(), s.use.Close())
}

func (s *Store) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

var (
	digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	keyPattern    = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{1,127}$`)
)

func checkDigest(digest string) error {
	if !digestPattern.MatchString(digest) {
		return fmt.Errorf("%q is not a sha256 in hex", digest)
	}
	return nil
}

func checkKey(key string) error {
	if !keyPattern.MatchString(key) {
		return fmt.Errorf("%q is not a key: 2 to 128 letters, digits, - and _", key)
	}
	return nil
}
