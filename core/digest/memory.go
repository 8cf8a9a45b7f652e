package digest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
)

// header begins the file of a memory.
const header = "plumb digests 2"

const (
	// fresh is how long ago a file must have changed to be remembered: file
	// systems tell times apart by as much as two seconds.
	fresh = 3 * time.Second
	// forgotten is after how many days without a use an entry is dropped.
	forgotten = 90
)

// Memory knows digests of files that were read before. It may be used by
// several goroutines. A nil Memory knows nothing and learns nothing.
type Memory struct {
	path    string
	mu      sync.Mutex
	loaded  bool
	learned bool
	damaged int              // entries that could not be read
	files   map[string]entry // by absolute path
	now     func() time.Time
}

type entry struct {
	digest string
	stamp  sealed.Stamp
	day    int64 // of the last use, since 1970
}

// NewMemory is a memory in a file, which need not be there yet. It is read when
// it is first needed, and written by Save.
func NewMemory(path string) *Memory {
	return &Memory{path: path, files: map[string]entry{}, now: time.Now}
}

// Recall returns the digest of the file at path if it is remembered, and if info
// says that the file is the same.
func (m *Memory) Recall(path string, info fs.FileInfo) (string, bool) {
	if m == nil {
		return "", false
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.load()
	known, ok := m.files[path]
	if !ok || known.stamp != sealed.StampOf(info) {
		return "", false
	}
	if today := m.now().Unix() / 86400; known.day != today {
		known.day = today
		m.files[path] = known
		m.learned = true
	}
	return known.digest, true
}

// remember keeps a digest of what info was before the file was read.
func (m *Memory) remember(path string, info fs.FileInfo, digest string) {
	if m == nil {
		return
	}
	path, err := filepath.Abs(path)
	if err != nil || strings.ContainsAny(path, "\n\r") {
		return
	}
	s, now := sealed.StampOf(info), m.now()
	if !s.Before(now, fresh) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.load()
	m.files[path] = entry{digest, s, now.Unix() / 86400}
	m.learned = true
}

// load reads the file once. What is damaged or cannot be understood is passed over,
// and counted.
func (m *Memory) load() {
	if m.loaded {
		return
	}
	m.loaded = true
	content, err := os.ReadFile(m.path)
	if err != nil {
		return
	}
	lines, damaged := sealed.Lines(content)
	if len(lines) > 0 && string(lines[0]) == header {
		m.damaged = damaged
		for _, line := range lines[1:] {
			if path, e, ok := parse(string(line)); ok {
				m.files[path] = e
			} else {
				m.damaged++
			}
		}
	} else if len(content) > 0 { // not even its first line is intact
		m.damaged = max(1, len(lines)+damaged-1)
	}
	m.learned = m.learned || m.damaged > 0 // so that it is told once
}

// Damaged says of how many files the memory was damaged: they are read again.
func (m *Memory) Damaged() int {
	if m == nil {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.damaged
}

// Check reads the memory, and says of how many files it is damaged.
func (m *Memory) Check() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.load()
	return m.damaged
}

// A line, sealed, is: digest size content inode device number day path.
func (e entry) line(path string) []byte {
	s := e.stamp
	return sealed.Line(fmt.Appendf(nil, "%s %d %d %d %d %d %d %s", e.digest, s.Size, s.Content, s.Inode, s.Device, s.Number, e.day, path))
}

func parse(line string) (path string, e entry, ok bool) {
	fields := strings.SplitN(line, " ", 8)
	if len(fields) != 8 || len(fields[0]) != 64 || !filepath.IsAbs(fields[7]) {
		return "", e, false
	}
	e.digest = fields[0]
	s := &e.stamp
	for i, to := range []*int64{&s.Size, &s.Content, &s.Inode} {
		n, err := strconv.ParseInt(fields[1+i], 10, 64)
		if err != nil {
			return "", e, false
		}
		*to = n
	}
	for i, to := range []*uint64{&s.Device, &s.Number} {
		n, err := strconv.ParseUint(fields[4+i], 10, 64)
		if err != nil {
			return "", e, false
		}
		*to = n
	}
	day, err := strconv.ParseInt(fields[6], 10, 64)
	e.day = day
	return fields[7], e, err == nil
}

// Save writes what was learned since the memory was read, if its directory is
// there. Of two processes that save, one wins, and the other reads files again.
func (m *Memory) Save() error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.learned {
		return nil
	}
	if err := m.save(); err != nil {
		return fmt.Errorf("remember digests of files: %w", err)
	}
	m.learned = false
	return nil
}

func (m *Memory) save() error {
	file, err := atomicfile.Create(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer file.Discard()
	w := bufio.NewWriter(file)
	w.Write(sealed.Line([]byte(header)))
	today := m.now().Unix() / 86400
	for _, path := range slices.Sorted(maps.Keys(m.files)) {
		if e := m.files[path]; today-e.day <= forgotten {
			w.Write(e.line(path))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Commit()
}
