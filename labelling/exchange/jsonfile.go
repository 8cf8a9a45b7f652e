package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/textfile"
)

// largestJSON bounds a file of JSON, which is read whole.
const largestJSON = 1 << 30

// readJSON reads JSON Lines, or a list: an object each is what Write or label.html made, a
// task of Label Studio with its annotations, or one of its annotations (JSON_MIN).
func (i *importer) readJSON(file *os.File) error {
	content, err := io.ReadAll(io.LimitReader(file, largestJSON+1))
	if err != nil {
		return err
	}
	if len(content) > largestJSON {
		return errors.New("it is larger than 1 GiB; cut it into several")
	}
	mark := 0
	if bytes.HasPrefix(content, []byte(textfile.Mark)) {
		mark = len(textfile.Mark)
	}
	if bytes.HasPrefix(bytes.TrimSpace(content[mark:]), []byte("{")) {
		return i.readLines(content, mark)
	}
	decoder := json.NewDecoder(bytes.NewReader(content[mark:]))
	lines := lineCounter{content: content}
	wrong := func(err error) error {
		return &textfile.Mistake{Summary: "The file is not JSON", Detail: jsonProblem(err) + ".", Line: lines.at(mark + brokenAt(content[mark:])), Final: true}
	}
	if _, err := decoder.Token(); err != nil {
		return wrong(err)
	}
	for decoder.More() {
		var object json.RawMessage
		if err := decoder.Decode(&object); err != nil {
			return wrong(err)
		}
		from := mark + int(decoder.InputOffset()) - len(object)
		if err := i.takeObject(object, func(offset int) diag.Range {
			return textfile.Mistake{Line: lines.at(from + offset)}.Range(i.path)
		}); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return wrong(err)
	}
	return nil
}

// readLines reads an object a line; one that is broken is a mistake of its own. An object
// of several lines, such as a single task of Label Studio, is read as the whole file.
func (i *importer) readLines(content []byte, mark int) error {
	if json.Valid(content[mark:]) {
		lines := lineCounter{content: content}
		return i.takeObject(content[mark:], func(offset int) diag.Range { return textfile.Mistake{Line: lines.at(mark + offset)}.Range(i.path) })
	}
	n := 0
	for text := range bytes.Lines(content[mark:]) {
		n++
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		at := textfile.Mistake{Line: n}.Range(i.path)
		if !json.Valid(text) {
			var any json.RawMessage
			i.found.Errorf(at, "The line is not JSON", "%s. Every line is an object of its own.", jsonProblem(json.Unmarshal(text, &any)))
			if err := i.enough(); err != nil {
				return err
			}
			continue
		}
		if err := i.takeObject(text, func(int) diag.Range { return at }); err != nil {
			return err
		}
	}
	return nil
}

// lineCounter says in which line an offset is; offsets come mostly in their order.
type lineCounter struct {
	content    []byte
	from, line int
}

func (l *lineCounter) at(offset int) int {
	offset = min(max(offset, 0), len(l.content))
	if offset < l.from {
		l.from, l.line = 0, 0
	}
	l.line += bytes.Count(l.content[l.from:offset], []byte("\n"))
	l.from = offset
	return l.line + 1
}

// brokenAt is where a text ceases to be JSON.
func brokenAt(text []byte) int {
	var all json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(text, &all), &syntax) {
		return int(syntax.Offset)
	}
	return len(text)
}

func jsonProblem(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "It ends in the middle"
	}
	if err == nil {
		return "It is broken"
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// takeObject takes an object; at is where an offset within it stands.
func (i *importer) takeObject(object []byte, at func(offset int) diag.Range) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		i.found.Errorf(at(0), "A judgement is an object", "Here is %s.", shortened(string(object)))
		return i.enough()
	}
	has := func(name string) bool { _, ok := fields[name]; return ok }
	switch {
	case has("data") && (has("annotations") || has("completions")):
		return i.takeTask(object, at)
	case has("annotation_id") || has("annotator"):
		return i.takeLabelStudio(rowOf(fields, at(0)))
	case has("answers"):
		return i.takeLine(object, at(0))
	case has("label"):
		return i.takeLabel(rowOf(fields, at(0)))
	case has("choice"):
		return i.takePair(rowOf(fields, at(0)))
	}
	i.found.Errorf(at(0), "The object is no judgement", "It has %s. A judgement has what plumb label export writes, or is a task that Label Studio exported, with its annotations.", keysOf(fields))
	return i.enough()
}

func keysOf(fields map[string]json.RawMessage) string {
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 12 {
		names = append(names[:12], "…")
	}
	return shortened(strings.Join(names, ", "))
}

// rowOf makes an object a row: texts as they are, all else as JSON.
func rowOf(fields map[string]json.RawMessage, at diag.Range) row {
	r := row{at: func(string) diag.Range { return at }, get: func(name string) string {
		raw, ok := fields[name]
		if !ok || string(raw) == "null" {
			return ""
		}
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return strings.TrimSpace(text)
		}
		return string(raw)
	}}
	for name := range fields {
		r.columns = append(r.columns, name)
	}
	slices.Sort(r.columns)
	return r
}

// takeLine takes what Write or label.html made.
func (i *importer) takeLine(object []byte, at diag.Range) error {
	var l line
	if err := json.Unmarshal(object, &l); err != nil {
		i.found.Errorf(at, "The judgement cannot be read", "%s.", jsonProblem(err))
		return i.enough()
	}
	before := len(i.found)
	j := people.Judgement{
		ID: l.ID, Question: l.Question, Item: l.Item, Images: l.Images, Prompt: l.Prompt, Category: l.Category,
		Rater: strings.TrimSpace(l.Rater), Purpose: l.Purpose, Answers: l.Answers, Shown: l.Shown, Time: i.time(l.Time, at), Page: l.Page,
	}
	var ok bool
	if j.Duration, ok = durationOf(l.DurationMS); !ok {
		i.found.Errorf(at, fmt.Sprintf("%v is no length of time", l.DurationMS), "It is a number of milliseconds, not below 0.")
	}
	if len(i.found) > before {
		return i.enough()
	}
	return i.take(entry{Judgement: j, whole: true, at: func(string) diag.Range { return at }})
}
