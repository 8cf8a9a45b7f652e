package plugin

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	mostLog     = 64 << 20 // bytes of a plugin's log
	mostPending = 200      // lines that are kept until there is a place for them
)

// logs keeps what plugins print: a line at a time, in a file for each plugin.
type logs struct {
	follow io.Writer // gets all lines, each with its plugin's name

	mu    sync.Mutex
	dir   string // where the files are; empty: nowhere yet
	files map[string]*logFile
}

type logFile struct {
	file    *os.File // nil until there is a place, and after a failure
	path    string
	bytes   int64
	pending []string
}

func newLogs(follow io.Writer) *logs {
	return &logs{follow: follow, files: map[string]*logFile{}}
}

// add keeps a line. What cannot be written stops no work.
func (l *logs) add(plugin, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.follow, "[%s] %s\n", plugin, line)
	log := l.files[plugin]
	if log == nil {
		log = &logFile{}
		l.files[plugin] = log
	}
	if l.dir == "" {
		if len(log.pending) == mostPending {
			log.pending = append(log.pending[:0], log.pending[1:]...)
		}
		log.pending = append(log.pending, line)
		return
	}
	l.open(plugin, log)
	log.write(line)
}

// to has the files be in a directory from now on.
func (l *logs) to(dir string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeAll()
	l.dir = dir
	for plugin, log := range l.files {
		if len(log.pending) > 0 {
			l.open(plugin, log)
			for _, line := range log.pending {
				log.write(line)
			}
			log.pending = nil
		}
	}
}

// open opens a log for what is added to it. Where that cannot be, there is none.
func (l *logs) open(plugin string, log *logFile) {
	if log.file != nil || log.path != "" {
		return
	}
	log.path = filepath.Join(l.dir, plugin+".log")
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return
	}
	file, err := os.OpenFile(log.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return
	}
	log.file = file
	fmt.Fprintf(file, "--- %s, what plugin %s printed\n", time.Now().Format(time.DateTime), plugin)
}

func (log *logFile) write(line string) {
	if log.file == nil || log.bytes > mostLog {
		return
	}
	log.bytes += int64(len(line)) + 1
	if log.bytes > mostLog {
		line = fmt.Sprintf("--- more than %d MiB: nothing more is kept", mostLog>>20)
	}
	io.WriteString(log.file, line+"\n")
}

// of is where what a plugin printed is kept; empty if it is nowhere.
func (l *logs) of(plugin string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.files[plugin]
	if log == nil || log.file == nil {
		return ""
	}
	return near(log.path)
}

// near is a path as seen from the working directory, if it is below.
func near(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}

func (l *logs) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeAll()
}

func (l *logs) closeAll() {
	for _, log := range l.files {
		if log.file != nil {
			log.file.Close()
		}
		log.file, log.path, log.bytes = nil, "", 0
	}
}
