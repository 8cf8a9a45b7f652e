package imagefolder

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

func (m *metadata) readJSONL(file io.Reader) error {
	lines := bufio.NewReaderSize(file, 1<<16)
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if errors.Is(err, errLong) {
			if err := m.problem(m.at(n), "A line without an end", fmt.Sprintf("The line is longer than %d MiB. Each image has a line of its own.", largestLine>>20)); err != nil {
				return err
			}
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return m.problem(m.at(n), "The metadata cannot be read", err.Error()+".")
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := m.addJSON(n, line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

var errLong = errors.New("the line is too long")

// readLine returns a line of at most largestLine bytes, and io.EOF with or after
// the last one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > largestLine {
			return nil, errLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func (m *metadata) addJSON(n int, line []byte) error {
	if !utf8.Valid(line) {
		return m.problem(m.at(n), "The line is not UTF-8", "Its letters are of another encoding. Save the file as UTF-8.")
	}
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(line, &columns); err != nil {
		return m.problem(m.at(n), "The line is not the JSON of an image", err.Error()+`. Write {"file_name": "0001.png", "text": "a red circle"}.`)
	}
	var slots map[string]string
	if raw, ok := columns["slots"]; ok && string(raw) != "null" {
		if err := json.Unmarshal(raw, &slots); err != nil {
			return m.problem(m.at(n), "The image's slots cannot be read", `They are an object of words, such as {"color": "red"}.`)
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	return m.add(n, names, slots, func(column string) (string, bool) {
		raw, ok := columns[column]
		if !ok || string(raw) == "null" {
			return "", ok
		}
		var one string
		var several []string
		var number json.Number
		switch {
		case json.Unmarshal(raw, &one) == nil:
			return one, true
		case json.Unmarshal(raw, &several) == nil && len(several) > 0:
			return several[0], true
		case column != m.Caption && json.Unmarshal(raw, &number) == nil: // an ID
			return number.String(), true
		}
		return "", true
	})
}
