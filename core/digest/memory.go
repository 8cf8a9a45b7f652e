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
)

// header begins the file of a memory.
const header = "plumb digests 1"

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
	files   map[string]entry // by absolute path
	now     func() time.Time
}

type entry struct {
	digest string
	stamp  stamp
	day    int64 // of the last use, since 1970
}

// stamp is what tells a file from another state of it without reading it.
type stamp struct {
	size           int64
	content, inode int64 // times of the last change, nanoseconds
	device, number uint64
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
	if !ok || known.stamp != stampOf(info) {
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
	s, now := stampOf(info), m.now()
	if last := max(s.content, s.inode); last > now.Add(-fresh).UnixNano() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.load()
	m.files[path] = entry{digest, s, now.Unix() / 86400}
	m.learned = true
}

// load reads the file once. What cannot be understood is passed over.
func (m *Memory) load() {
	if m.loaded {
		return
	}
	m.loaded = true
	file, err := os.Open(m.path)
	if err != nil {
		return
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	if !lines.Scan() || lines.Text() != header {
		return
	}
	for lines.Scan() {
		if path, e, ok := parse(lines.Text()); ok {
			m.files[path] = e
		}
	}
}

// A line is: digest size content inode device number day path.
func (e entry) line(path string) string {
	s := e.stamp
	return fmt.Sprintf("%s %d %d %d %d %d %d %s\n", e.digest, s.size, s.content, s.inode, s.device, s.number, e.day, path)
}

func parse(line string) (path string, e entry, ok bool) {
	fields := strings.SplitN(line, " ", 8)
	if len(fields) != 8 || len(fields[0]) != 64 || !filepath.IsAbs(fields[7]) {
		return "", e, false
	}
	e.digest = fields[0]
	s := &e.stamp
	for i, to := range []*int64{&s.size, &s.content, &s.inode} {
		n, err := strconv.ParseInt(fields[1+i], 10, 64)
		if err != nil {
			return "", e, false
		}
		*to = n
	}
	for i, to := range []*uint64{&s.device, &s.number} {
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
	fmt.Fprintln(w, header)
	today := m.now().Unix() / 86400
	for _, path := range slices.Sorted(maps.Keys(m.files)) {
		if e := m.files[path]; today-e.day <= forgotten {
			w.WriteString(e.line(path))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Commit()
}
