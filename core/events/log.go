package events

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	mostPending   = 8 << 20 // bytes of lines that wait to be written
	gatherFor     = 100 * time.Millisecond
	retryAfter    = 2 * time.Second
	closePatience = 3 * time.Second
)

// Log appends lines to a file. Whoever adds one does not wait for the disk: lines are
// gathered for a moment and written by a goroutine that is there while there are any.
// What cannot be written is tried again; while more waits than memory should hold,
// further lines are left out.
//
// Several processes may append to one file. A line begins a new one, whatever a killed
// process has left of its last.
type Log struct {
	path    string
	trouble func(error)
	hurry   chan struct{} // closed by Close

	mu      sync.Mutex
	pending []byte
	lost    int           // lines
	writer  chan struct{} // closed when the goroutine that writes ends; nil: there is none
	told    bool          // of a trouble
	closed  bool

	file *os.File // of the goroutine that writes; nil: not open
}

// OpenLog returns the log of a file, which is made, with its directory, when there is a
// line. The first trouble is told to a function, once, from a goroutine of the log's;
// nil: nobody listens.
func OpenLog(path string, trouble func(error)) *Log {
	return &Log{path: path, trouble: trouble, hurry: make(chan struct{})}
}

// Add adds a line, without its line break.
func (l *Log) Add(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.pending)+len(line) >= mostPending {
		l.lost++
		return
	}
	l.pending = append(append(l.pending, line...), '\n')
	if l.writer == nil {
		l.writer = make(chan struct{})
		go l.write(l.writer)
	}
}

// Close writes what is left, if that takes no longer than moments, and returns how many
// lines the file lacks.
func (l *Log) Close() (lost int) {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.hurry)
	}
	writer := l.writer
	l.mu.Unlock()
	if writer != nil {
		select {
		case <-writer:
		case <-time.After(closePatience):
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writer == nil && l.file != nil {
		l.file.Close()
		l.file = nil
	}
	return l.lost + bytes.Count(l.pending, []byte("\n"))
}

// write writes until nothing is pending.
func (l *Log) write(ended chan struct{}) {
	defer close(ended)
	pause := gatherFor
	for {
		select {
		case <-time.After(pause):
		case <-l.hurry:
		}
		l.mu.Lock()
		lines := l.pending
		l.pending = nil
		if len(lines) == 0 {
			l.writer = nil
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		left, err := l.put(lines)
		if err == nil {
			pause = gatherFor
			continue
		}
		pause = retryAfter
		l.mu.Lock()
		l.pending = append(left, l.pending...)
		told, closed := l.told, l.closed
		l.told = true
		if closed {
			l.writer = nil
		}
		l.mu.Unlock()
		if !told && l.trouble != nil {
			l.trouble(err)
		}
		if closed {
			return
		}
	}
}

// put appends lines to the file and returns those that it does not have in whole.
func (l *Log) put(lines []byte) (left []byte, err error) {
	if l.file == nil {
		torn := false
		if l.file, torn, err = openTorn(l.path); err != nil {
			return lines, err
		}
		if torn {
			if _, err = l.file.Write([]byte("\n")); err != nil {
				return lines, errors.Join(err, l.shut())
			}
		}
	}
	n, err := l.file.Write(lines)
	if err != nil { // it is opened anew, and looked at, when there is room
		return lines[bytes.LastIndexByte(lines[:n], '\n')+1:], errors.Join(err, l.shut())
	}
	return nil, nil
}

func (l *Log) shut() error {
	err := l.file.Close()
	l.file = nil
	return err
}

// openTorn opens a file to append to, and reports whether it ends within a line.
func openTorn(path string) (file *os.File, torn bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, false, err
	}
	if file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
		return nil, false, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil && size > 0 {
		var last [1]byte
		_, err = file.ReadAt(last[:], size-1)
		torn = last[0] != '\n'
	}
	if err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	return file, torn, nil
}
