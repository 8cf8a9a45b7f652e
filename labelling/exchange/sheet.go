package exchange

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/core/textfile"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// row is a row of a table, whichever format it is in.
type row struct {
	columns []string
	get     func(column string) string // without space around it; "" of a column that is not there
	at      func(column string) diag.Range
}

func (r row) has(column string) bool { return slices.Contains(r.columns, column) }

// lookedFor are the columns by which the dialect of a CSV is told, and of which there may
// be one each.
var lookedFor = []string{
	"id", "question", "item", "images", "prompt", "category", "rater", "purpose", "shown", "time", "duration_ms", "page",
	"image_id", "image", "label", "first", "second", "choice", "left", "right", "annotator", "annotation_id", "lead_time",
}

func (i *importer) readCSV(file *os.File) error {
	lines, err := textfile.NewCSV(file, i.path, lookedFor)
	if err != nil {
		return err
	}
	columns := make([]string, len(lines.Names()))
	for n, name := range lines.Names() {
		columns[n] = strings.ToLower(name)
		if slices.Index(columns[:n], columns[n]) >= 0 && strings.HasPrefix(columns[n], answerPrefix) {
			return textfile.Twice(lines.Line(), name, lines.Names())
		}
	}
	take, err := i.tableOf(columns, textfile.Mistake{Line: lines.Line()}.Range(i.path))
	if err != nil {
		return err
	}
	odd := 0
	for {
		err := lines.Next()
		var form *textfile.Mistake
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &form) && !form.Final:
			i.found.Errorf(form.Range(i.path), form.Summary, "%s", form.Detail)
			if odd++; odd == maxFindings {
				return errStop
			}
			continue
		case err != nil:
			return err
		}
		where := lines.Line()
		places := map[string]diag.Range{}
		for _, column := range columns {
			places[column] = lines.Where(column)
		}
		err = take(row{
			columns: columns,
			get: func(column string) string {
				field, _ := lines.Get(column)
				return strings.TrimSpace(field)
			},
			at: func(column string) diag.Range {
				if at, ok := places[column]; ok {
					return at
				}
				return textfile.Mistake{Line: where}.Range(i.path)
			},
		})
		if err != nil {
			return err
		}
	}
}

func (i *importer) readParquet() error {
	file, err := table.OpenForeign(i.path)
	if err != nil {
		return err
	}
	defer file.Close()
	columns := file.Columns()
	for _, column := range columns {
		if file.Twice(column) {
			return textfile.Twice(0, column, columns)
		}
	}
	take, err := i.tableOf(columns, diag.Range{File: i.path})
	if err != nil {
		return err
	}
	return file.Each(columns, func(n int, get func(string) parquet.Value) error {
		return take(row{
			columns: columns,
			get:     func(column string) string { return strings.TrimSpace(table.Text(get(column))) },
			at:      func(string) diag.Range { return textfile.Mistake{Line: n}.Range(i.path) },
		})
	})
}

// tableOf tells by a table's columns what its rows are.
func (i *importer) tableOf(columns []string, at diag.Range) (func(row) error, error) {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(columns, name) })
	}
	answered := slices.ContainsFunc(columns, func(name string) bool { return strings.HasPrefix(name, answerPrefix) })
	switch {
	case answered && has("item"):
		return i.takeWhole, nil
	case has("annotation_id") && (has("annotator") || has("lead_time")):
		return i.takeLabelStudio, nil
	case has("first", "second", "choice"):
		return i.takePair, nil
	case has("label") && (has("image_id") || has("image") || has("item")):
		return i.takeLabel, nil
	}
	i.found.Errorf(at, "The columns are not those of judgements",
		"They are %s. There should be image (or image_id), prompt, label and, if there are several raters, rater; or first, second and choice of pairs; or those that plumb label export or Label Studio writes.%s",
		strings.Join(columns, ", "), misspelled(columns))
	return nil, errStop
}

// misspelled is which of the columns may be another.
func misspelled(columns []string) string {
	for _, want := range []string{"image", "image_id", "label", "choice"} {
		if slices.Contains(columns, want) {
			continue
		}
		if hint := diag.DidYouMean(want, columns); hint != "" {
			return hint
		}
	}
	return ""
}

// takeWhole takes a row that Write made.
func (i *importer) takeWhole(r row) error {
	j := people.Judgement{
		ID: r.get("id"), Question: r.get("question"), Item: r.get("item"), Images: words(r.get("images")), Prompt: r.get("prompt"), Category: r.get("category"),
		Rater: r.get("rater"), Purpose: people.Purpose(r.get("purpose")), Shown: words(r.get("shown")), Page: r.get("page"), Answers: people.Answers{},
	}
	for _, column := range r.columns {
		if aspect, is := strings.CutPrefix(column, answerPrefix); is && r.get(column) != "" {
			j.Answers[aspect] = r.get(column)
		}
	}
	before := len(i.found)
	j.Time = i.time(r.get("time"), r.at("time"))
	j.Duration = i.duration(r.get("duration_ms"), 1, r.at("duration_ms"))
	if len(i.found) > before {
		return nil
	}
	return i.take(entry{Judgement: j, whole: true, at: r.at})
}

// takeLabel takes a plain row of an image and its label.
func (i *importer) takeLabel(r row) error {
	said := r.get("label")
	name, column := r.get("item"), "item"
	for _, other := range []string{"image_id", "image"} {
		if name == "" {
			name, column = r.get(other), other
		}
	}
	if said == "" && name != "" {
		i.into.Empty++
		return nil
	}
	question, ok := i.question(r.get("question"), r.at("question"))
	if !ok {
		return i.enough()
	}
	if question.Kind != people.Rate || len(question.Aspects) != 1 {
		i.found.Errorf(r.at("label"), fmt.Sprintf("%s is not answered by a label", question.Name), "It asks about %s of %s. Write what plumb label export writes, with a column for each.", strings.Join(question.Aspects, ", "), kinds[question.Kind])
		return i.enough()
	}
	before := len(i.found)
	image := i.find(name, r.get("prompt"), r.at(column))
	if len(i.found) > before {
		return i.enough()
	}
	return i.take(i.plain(r, question, []string{image}, strings.ToLower(said)))
}

// takePair takes a plain row of two images and which is better, in each aspect that is
// asked about if it is one alone.
func (i *importer) takePair(r row) error {
	said := strings.ToLower(r.get("choice"))
	if said == "" && (r.get("first") != "" || r.get("second") != "") {
		i.into.Empty++
		return nil
	}
	question, ok := i.question(r.get("question"), r.at("question"))
	if !ok {
		return i.enough()
	}
	if question.Kind != people.Compare || len(question.Aspects) != 1 {
		i.found.Errorf(r.at("choice"), fmt.Sprintf("%s is not answered by a choice", question.Name), "It asks about %s of %s. Write what plumb label export writes, with a column for each.", strings.Join(question.Aspects, ", "), kinds[question.Kind])
		return i.enough()
	}
	before := len(i.found)
	first, second := i.find(r.get("first"), r.get("prompt"), r.at("first")), i.find(r.get("second"), r.get("prompt"), r.at("second"))
	if len(i.found) > before {
		return i.enough()
	}
	if first == second {
		i.found.Errorf(r.at("second"), "An image is compared with itself", "Name two images of one prompt.")
		return i.enough()
	}
	if first > second {
		said = turned(said)
	}
	e := i.plain(r, question, []string{min(first, second), max(first, second)}, said)
	e.order = []string{first, second}
	return i.take(e)
}

// turned is a choice with the images in the other order.
func turned(said string) string {
	switch said {
	case people.First:
		return people.Second
	case people.Second:
		return people.First
	}
	return said
}

// plain is a judgement of a row that has no more than it must.
func (i *importer) plain(r row, question people.Question, images []string, said string) entry {
	j := people.Judgement{
		Question: question.Name, Item: people.ItemID(images...), Images: images,
		Rater: r.get("rater"), Purpose: people.Asked, Answers: people.Answers{question.Aspects[0]: said},
	}
	if !r.has("rater") && i.known.Rater == "" {
		j.Rater = onlyRater
	}
	if slices.ContainsFunc(question.Gold, func(g people.Gold) bool { return g.Item == j.Item }) {
		j.Purpose = people.Known
	}
	if r.has("time") {
		j.Time = i.time(r.get("time"), r.at("time"))
	}
	return entry{Judgement: j, at: func(field string) diag.Range {
		for _, column := range []string{field, "label", "choice"} {
			if r.has(column) {
				return r.at(column)
			}
		}
		return r.at(field)
	}}
}

// kinds are what is judged at once.
var kinds = map[people.Kind]string{people.Rate: "single images", people.Compare: "pairs of images", people.Rank: "sets of images"}

// enough returns errStop when enough mistakes have been found.
func (i *importer) enough() error {
	if len(i.found) < maxFindings {
		return nil
	}
	i.found.Errorf(diag.Range{File: i.path}, "There may be more mistakes", "Reading stopped after %d.", maxFindings)
	return errStop
}

// words are the parts of a text between spaces; nil of "".
func words(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Fields(text)
}

// time reads when a judgement came, of which Parquet may have a number since 1970: in
// seconds to nanoseconds, which its size tells for the years from 1973 to 5138.
func (i *importer) time(text string, at diag.Range) time.Time {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch {
		case n >= 1e17:
			return time.Unix(0, n).UTC()
		case n >= 1e14:
			return time.UnixMicro(n).UTC()
		case n >= 1e11:
			return time.UnixMilli(n).UTC()
		}
		return time.Unix(n, 0).UTC()
	}
	t, err := timeOf(text)
	if err != nil {
		i.found.Errorf(at, "The time cannot be read", "%v.", err)
	}
	return t
}

// duration reads how long a judgement took, in a unit of so many milliseconds.
func (i *importer) duration(text string, unit float64, at diag.Range) time.Duration {
	if text == "" {
		return 0
	}
	ms, err := strconv.ParseFloat(text, 64)
	d, ok := durationOf(ms * unit)
	if err != nil || !ok {
		i.found.Errorf(at, fmt.Sprintf("%q is no length of time", text), "It is a number, not below 0.")
	}
	return d
}
