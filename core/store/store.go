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
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// formatVersion is written into every store. It changes when a version that
// knows only the old one would misread or damage the new.
const formatVersion = 2

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
	repairs  []string   // that Open made
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
	if err := atomicfile.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	if err := s.checkFormat(); err != nil {
		return err
	}
	for _, part := range []string{blobsDir, recordsDir, nodesDir, runsDir, viewsDir, digestsDir, scratchDir, workDir, quarantineDir, keyLocksDir} {
		if err := atomicfile.MkdirAll(s.path(part), 0o777); err != nil {
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
	return s.trimQuarantine()
}

// checkFormat reads the format file, or writes it into an empty directory. One that
// is damaged or gone is written anew where everything else looks like a store: what
// is in it has checksums of its own.
func (s *Store) checkFormat() error {
	for try := 0; ; try++ {
		content, err := os.ReadFile(s.path(formatFile))
		switch {
		case err == nil:
			err := parseFormat(string(content))
			if !errors.Is(err, errFormat) || !s.looksWhole() {
				return err
			}
			return s.mendFormat("was damaged")
		case !errors.Is(err, os.ErrNotExist):
			return err
		case try > 0 && s.looksWhole():
			return s.mendFormat("was missing")
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
			return s.writeFormat()
		}
	}
}

func (s *Store) writeFormat() error {
	file, err := atomicfile.Create(s.path(formatFile))
	if err != nil {
		return err
	}
	_, err = file.Write(sealed.Line(fmt.Appendf(nil, "plumb store %d", formatVersion)))
	if err = errors.Join(err, file.Chmod(0o444)); err != nil {
		return errors.Join(err, file.Discard())
	}
	return file.Commit()
}

// mendFormat replaces a format file that is not intact.
func (s *Store) mendFormat(how string) error {
	if err := s.writeFormat(); err != nil {
		return err
	}
	s.repairs = append(s.repairs, fmt.Sprintf("The file %s %s, and was written anew: everything else in the directory is that of a store.", s.path(formatFile), how))
	return nil
}

// looksWhole reports whether a directory has what every store has beside its format.
func (s *Store) looksWhole() bool {
	for _, part := range []string{blobsDir, recordsDir, scratchDir, workDir, quarantineDir, keyLocksDir} {
		if info, err := os.Stat(s.path(part)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// Repairs lists what Open found damaged and mended, each as a sentence.
func (s *Store) Repairs() []string { return s.repairs }

// errFormat is of a format file that is not as any version of Plumb writes it.
var errFormat = errors.New("its format file is damaged, or it is no store of Plumb: name another directory")

func parseFormat(content string) error {
	lines, damaged := sealed.Lines([]byte(content))
	var version int
	switch {
	case content == "plumb store 1\n": // the only one without a checksum
		version = 1
	case len(lines) != 1 || damaged > 0:
		return errFormat
	default:
		if _, err := fmt.Sscanf(string(lines[0]), "plumb store %d", &version); err != nil {
			return errFormat
		}
	}
	if version < formatVersion {
		return fmt.Errorf("it has format %d, of an older Plumb, and this one writes format %d: name another directory, in which everything is made anew, or go on with the version that made it", version, formatVersion)
	}
	if version > formatVersion {
		return fmt.Errorf("it has format %d, this version of Plumb knows format %d: use the version that made it, or another directory", version, formatVersion)
	}
	return nil
}

// Gone reports whether the store's directory has been removed since it was opened, or
// what it is on is not there any more.
func (s *Store) Gone() bool {
	_, err := os.Lstat(s.path(formatFile))
	return errors.Is(err, os.ErrNotExist)
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
