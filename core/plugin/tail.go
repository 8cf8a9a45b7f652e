package plugin

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"sync"
)

const (
	tailLines = 20   // kept of what a process prints
	lineBytes = 2000 // kept of a line
)

// tail passes on what a process prints and keeps its last lines.
type tail struct {
	to     io.Writer // one Write is one line
	prefix string

	mu    sync.Mutex
	lines []string
}

// readFrom reads lines until the end, whatever their length.
func (t *tail) readFrom(r io.Reader) {
	reader := bufio.NewReaderSize(r, 16<<10)
	for {
		var line strings.Builder
		for {
			part, more, err := reader.ReadLine()
			line.Write(part[:min(len(part), lineBytes-min(line.Len(), lineBytes))])
			if err != nil {
				return
			}
			if !more {
				break
			}
		}
		t.add(line.String())
	}
}

func (t *tail) add(line string) {
	t.mu.Lock()
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = slices.Delete(t.lines, 0, len(t.lines)-tailLines)
	}
	t.mu.Unlock()
	io.WriteString(t.to, t.prefix+line+"\n") // a log that cannot be written stops no work
}

// String is the last lines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}

// lineWriter lets several processes write to one log.
type lineWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lineWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(line)
}
