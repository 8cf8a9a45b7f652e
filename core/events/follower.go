package events

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// chunk is how much of a file is read at once.
const chunk = 4 << 20

// Follower reads the events of a file that may grow, or may not be there yet.
//
// What is no event is passed over and counted: a kill may have cut a line, and what
// comes behind begins on a new one. The end of a line that is still being written is
// waited for.
type Follower struct {
	Damaged int // lines that are no events

	path   string
	offset int64  // of what is read next
	rest   []byte // the beginning of a line whose end has not come
	long   bool   // of a line so long that it is passed over
}

// Follow returns a follower of a file, from its beginning.
func Follow(path string) *Follower { return FollowFrom(path, 0) }

// FollowFrom returns a follower of a file from an offset that another one had.
func FollowFrom(path string, offset int64) *Follower { return &Follower{path: path, offset: offset} }

// Offset is where in the file the first line begins that was not handed out.
func (f *Follower) Offset() int64 { return f.offset - int64(len(f.rest)) }

// Next returns the events that have come since the last call, but no more than are read
// at once: more says that others wait. A file that is shorter than what was read of it
// is another, and anew is true: its events begin again.
func (f *Follower) Next() (events []Event, more, anew bool, err error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		anew = f.offset > 0
		f.offset, f.rest, f.long = 0, nil, false
		return nil, false, anew, nil
	}
	if err != nil {
		return nil, false, false, fmt.Errorf("follow a run: %w", err)
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, false, false, fmt.Errorf("follow a run: %w", err)
	}
	if size < f.offset {
		anew = true
		f.offset, f.rest, f.long = 0, nil, false
	}
	buffer := make([]byte, min(chunk, size-f.offset))
	n, err := file.ReadAt(buffer, f.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, anew, fmt.Errorf("follow a run: %w", err)
	}
	f.offset += int64(n)
	for line := range bytes.Lines(buffer[:n]) {
		if line[len(line)-1] != '\n' {
			if f.long = f.long || len(f.rest)+len(line) > chunk; f.long {
				f.rest = nil
			} else {
				f.rest = append(f.rest, line...)
			}
			break
		}
		if f.rest != nil {
			line = append(f.rest, line...)
			f.rest = nil
		}
		line = bytes.TrimSpace(line)
		if event, ok := Parse(line); ok && !f.long {
			events = append(events, event)
		} else if len(line) > 0 || f.long {
			f.Damaged++
		}
		f.long = false
	}
	return events, f.offset < size, anew, nil
}
