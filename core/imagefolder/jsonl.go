package imagefolder

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/plumb-ml/plumb/core/textfile"
)

func (m *metadata) readJSONL(file io.Reader) error {
	lines := bufio.NewReaderSize(file, 1<<16)
	head, _ := lines.Peek(1 << 12)
	if wrong := textfile.Stranger(head); wrong != nil {
		return m.form(wrong)
	}
	if text := bytes.TrimSpace(bytes.TrimPrefix(head, []byte(textfile.Mark))); bytes.HasPrefix(text, []byte("[")) {
		return m.form(&textfile.Mistake{Summary: "The file is one JSON list", Detail: `Here every line is the JSON of one image. In pandas: read_json(path).to_json(path, orient="records", lines=True).`, Line: 1, Final: true})
	}
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
			line = bytes.TrimPrefix(line, []byte(textfile.Mark))
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
		return m.form(textfile.NotUTF8(n))
	}
	columns, names, twice, err := object(line)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the line ends before its object does")
	}
	if err != nil {
		err = m.problem(m.at(n), "The line is not the JSON of an image", err.Error()+`. Write {"file_name": "0001.png", "text": "a red circle"}.`)
		if !m.object { // the file is of another form
			err = errStop
		}
		return err
	}
	m.object = true
	if slices.Contains(m.columns(), twice) {
		return m.form(textfile.Twice(n, twice, names))
	}
	var slots map[string]string
	if raw, ok := columns["slots"]; ok && string(raw) != "null" {
		if err := json.Unmarshal(raw, &slots); err != nil {
			return m.problem(m.at(n), "The image's slots cannot be read", `They are an object of words, such as {"color": "red"}.`)
		}
	}
	for _, column := range m.columns() {
		if raw, ok := columns[column]; ok && column != "slots" {
			if _, ok := textOf(raw); !ok {
				return m.problem(m.at(n), fmt.Sprintf("The image's %s is no text", column), fmt.Sprintf("It is %s.", shortened(raw)))
			}
		}
	}
	slices.Sort(names)
	return m.add(n, names, slots, func(column string) (string, bool) {
		raw, ok := columns[column]
		if !ok {
			return "", false
		}
		text, _ := textOf(raw)
		return text, true
	})
}

// object reads a JSON object: its values, its keys in their order, and the first
// key that is there twice, of which one value would count and nobody knows which.
func object(text []byte) (values map[string]json.RawMessage, keys []string, twice string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil {
		return nil, nil, "", err
	} else if token != json.Delim('{') {
		return nil, nil, "", errors.New("it is no object")
	}
	values = map[string]json.RawMessage{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, nil, "", err
		}
		key := token.(string) // a key of an object is nothing else
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, nil, "", err
		}
		if _, known := values[key]; known && twice == "" {
			twice = key
		} else if !known {
			keys = append(keys, key)
		}
		values[key] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, nil, "", err
	}
	if rest := bytes.TrimSpace(text[decoder.InputOffset():]); len(rest) > 0 {
		return nil, nil, "", errors.New("something follows the object")
	}
	return values, keys, twice, nil
}

// textOf is a value as text: a text, the first of a list of texts, or a number,
// such as an ID; null is "". Other values are none.
func textOf(raw json.RawMessage) (string, bool) {
	var one string
	var several []string
	var number json.Number
	switch {
	case string(raw) == "null":
		return "", true
	case json.Unmarshal(raw, &one) == nil:
		return one, true
	case json.Unmarshal(raw, &several) == nil:
		if len(several) == 0 {
			return "", true
		}
		return several[0], true
	case json.Unmarshal(raw, &number) == nil:
		return number.String(), true
	}
	return "", false
}

func shortened(raw json.RawMessage) string {
	if len(raw) > 40 {
		return string(bytes.ToValidUTF8(raw[:40], nil)) + "…"
	}
	return string(raw)
}
