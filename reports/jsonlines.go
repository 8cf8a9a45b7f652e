package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// jsonLines writes JSON with a value of a list a line: indented as usual, a table
// of numbers would be fifteen lines a number. It keeps the first error.
type jsonLines struct {
	w   *bufio.Writer
	err error
}

func newJSONLines(w io.Writer) *jsonLines { return &jsonLines{w: bufio.NewWriter(w)} }

func (j *jsonLines) raw(text string) {
	if j.err == nil {
		_, j.err = j.w.WriteString(text)
	}
}

// separate begins the line of a list's value.
func (j *jsonLines) separate(position int) {
	if position > 0 {
		j.raw(",")
	}
	j.raw("\n")
}

func (j *jsonLines) value(value any) { j.raw(j.text(value)) }

// text is a value as JSON, in which < and & stay as they are.
func (j *jsonLines) text(value any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		if j.err == nil {
			j.err = err
		}
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// object writes an object up to the begin of the list that is its last field.
func (j *jsonLines) object(value any, list string) {
	j.raw(strings.TrimSuffix(j.text(value), "}") + `,"` + list + `":[`)
}

// header writes an object as object does, its other fields indented as usual.
func (j *jsonLines) header(value any, list string) {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(j.text(value)), "", "  "); err != nil && j.err == nil {
		j.err = err
	}
	j.raw(strings.TrimSuffix(b.String(), "\n}") + ",\n  \"" + list + "\": [")
}

// close writes what is still held back and returns the first error.
func (j *jsonLines) close() error {
	if j.err != nil {
		return j.err
	}
	return j.w.Flush()
}
