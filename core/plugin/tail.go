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
	to     *logs
	plugin string

	mu    sync.Mutex
	lines []string
}

// readFrom reads lines until the end, whatever their length.
func (t *tail) readFrom(r io.Reader) {
	reader, ok := r.(*bufio.Reader)
	if !ok {
		reader = bufio.NewReaderSize(r, 16<<10)
	}
	for {
		line, err := readLine(reader, lineBytes)
		if err == nil || line != "" {
			t.add(line)
		}
		if err != nil {
			return
		}
	}
}

// readLine reads a line, whatever its length, and returns as much of its beginning as
// is allowed.
func readLine(reader *bufio.Reader, most int) (string, error) {
	var line strings.Builder
	for {
		part, more, err := reader.ReadLine()
		line.Write(part[:min(len(part), most-line.Len())])
		if err != nil || !more {
			return line.String(), err
		}
	}
}

func (t *tail) add(line string) {
	t.mu.Lock()
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = slices.Delete(t.lines, 0, len(t.lines)-tailLines)
	}
	t.mu.Unlock()
	t.to.add(t.plugin, line)
}

// String is the last lines, as text.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(strings.Join(t.lines, "\n"), "\uFFFD")
}
