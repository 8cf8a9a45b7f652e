package exchange

import (
	"io"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/core/people"
	"github.com/plumb-ml/plumb/labelling"
	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
)

// Write writes judgements into a file, in the format of its name's ending, one of
// Formats. What Read makes of it has the same digest.
func Write(path string, judgements []people.Judgement) error {
	format, err := formatOf(path)
	if err != nil {
		return err
	}
	return atomicfile.WriteBy(path, func(w io.Writer) error { return Encode(w, format, judgements) })
}

// Encode writes judgements in one of Formats.
func Encode(w io.Writer, format string, judgements []people.Judgement) error {
	type row = people.Judgement
	columns := []column[row]{
		number("number", func(j row) (int64, bool) { return j.Number, j.Number != 0 }),
		text("id", func(j row) string { return j.ID }),
		text("question", func(j row) string { return j.Question }),
		text("item", func(j row) string { return j.Item }),
		text("images", func(j row) string { return strings.Join(j.Images, " ") }),
		text("prompt", func(j row) string { return j.Prompt }),
		text("category", func(j row) string { return j.Category }),
		text("rater", func(j row) string { return j.Rater }),
		text("purpose", func(j row) string { return string(j.Purpose) }),
	}
	for _, aspect := range aspectsOf(judgements) {
		columns = append(columns, text(answerPrefix+aspect, func(j row) string { return j.Answers[aspect] }))
	}
	columns = append(columns,
		text("shown", func(j row) string { return strings.Join(j.Shown, " ") }),
		moment("time", func(j row) time.Time { return j.Time }),
		real("duration_ms", func(j row) (float64, bool) { return milliseconds(j.Duration), true }),
		text("page", func(j row) string { return j.Page }),
	)
	return encodeTable(w, format, columns, judgements, func(j row) any { return lineOf(j) })
}

// consensusLine is a consensus as JSON Lines have it.
type consensusLine struct {
	Question  string         `json:"question"`
	Aspect    string         `json:"aspect"`
	Item      string         `json:"item"`
	Images    []string       `json:"images"`
	Prompt    string         `json:"prompt"`
	Category  string         `json:"category"`
	Answers   int            `json:"answers"`
	Skips     int            `json:"skips"`
	Said      map[string]int `json:"said,omitempty"`
	Majority  string         `json:"majority"`
	Likeliest string         `json:"likeliest"`
	Chance    *float64       `json:"chance"`
}

// WriteConsensus writes what raters say together into a file, in the format of its name's
// ending, with a row for each item and aspect. How many said a word has a column for each
// word of the kinds that are there, which is empty where that could not be said.
func WriteConsensus(path string, all []labelling.Consensus) error {
	format, err := formatOf(path)
	if err != nil {
		return err
	}
	return atomicfile.WriteBy(path, func(w io.Writer) error { return EncodeConsensus(w, format, all) })
}

// EncodeConsensus is WriteConsensus in one of Formats.
func EncodeConsensus(w io.Writer, format string, all []labelling.Consensus) error {
	type row = labelling.Consensus
	columns := []column[row]{
		text("question", func(c row) string { return c.Question }),
		text("aspect", func(c row) string { return c.Aspect }),
		text("item", func(c row) string { return c.Item }),
		text("images", func(c row) string { return strings.Join(c.Images, " ") }),
		text("prompt", func(c row) string { return c.Prompt }),
		text("category", func(c row) string { return c.Category }),
		number("answers", func(c row) (int64, bool) { return int64(c.Answers), true }),
		number("skips", func(c row) (int64, bool) { return int64(c.Skips), true }),
	}
	kinds := map[people.Kind]bool{}
	for _, c := range all {
		kinds[c.Kind] = true
	}
	for _, kind := range []people.Kind{people.Rate, people.Compare} {
		if !kinds[kind] {
			continue
		}
		for _, word := range labelling.Words(kind) {
			columns = append(columns, number(word, func(c row) (int64, bool) { return int64(c.Said[word]), c.Kind == kind }))
		}
	}
	columns = append(columns,
		text("majority", func(c row) string { return c.Majority }),
		text("likeliest", func(c row) string { return c.Likeliest }),
		real("chance", func(c row) (float64, bool) { return c.Chance, c.Likeliest != "" }),
	)
	return encodeTable(w, format, columns, all, func(c row) any {
		l := consensusLine{c.Question, c.Aspect, c.Item, c.Images, c.Prompt, c.Category, c.Answers, c.Skips, c.Said, c.Majority, c.Likeliest, nil}
		if c.Likeliest != "" {
			l.Chance = &c.Chance
		}
		return l
	})
}
