package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plumb-ml/plumb/core/metric"
)

// explain adds to the table's notes how its intervals and tests were made, what could
// not be computed, and what its numbers have to say for themselves, each once, with the
// columns that it is of.
func (t *Table) explain() {
	var intervals, tests, absent, remarks saying
	corrected, alike := 0, "0"
	for _, column := range t.Columns {
		if column.Key.words() {
			continue
		}
		for _, row := range t.Rows {
			cell := row.Cell(column)
			of := column.quantity(row)
			if cell.Low != nil && cell.Method != "" {
				intervals.add(cell.Method, of)
			}
			switch {
			case cell.Note == "":
			case cell.Text == notAvailable:
				absent.add(cell.Note, of)
			case cell.Value != nil:
				remarks.add(cell.Note, of)
			}
			if c := cell.Comparison; c != nil && c.P != nil {
				corrected++
				alike = cmp.Or(c.Alike, alike)
				if c.Test != "" {
					tests.add(c.Test, of)
				}
			}
		}
	}
	for i, method := range intervals.words {
		if len(intervals.words) == 1 {
			t.note("Intervals: " + method + ".")
		} else {
			t.note("Intervals of " + together(intervals.of[i]) + ": " + method + ".")
		}
	}
	for i, test := range tests.words {
		if len(tests.words) == 1 {
			t.note("p: " + test + ".")
		} else {
			t.note("p of " + together(tests.of[i]) + ": " + test + ".")
		}
	}
	if corrected > 0 {
		t.note(fmt.Sprintf("p is after Holm's correction over all %d comparisons of this table. A conclusion needs p of at most %g and an interval without %s.", corrected, significant, alike))
	}
	for i, why := range absent.words {
		t.note("n/a: " + why + " (" + strings.Join(absent.of[i], ", ") + ").")
	}
	for i, remark := range remarks.words {
		t.note(sentence(remark) + " (" + together(remarks.of[i]) + ").")
	}
}

// saying is words and what they are said of, in order of appearance.
type saying struct {
	words []string
	of    [][]string
}

func (s *saying) add(words, of string) {
	at := slices.Index(s.words, words)
	if at < 0 {
		at = len(s.words)
		s.words, s.of = append(s.words, words), append(s.of, nil)
	}
	if !slices.Contains(s.of[at], of) {
		s.of[at] = append(s.of[at], of)
	}
}

// together lists names, which may have commas of their own.
func together(names []string) string {
	if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, ",") }) {
		return strings.Join(names, "; ")
	}
	return strings.Join(names, ", ")
}

// quantity is what a column's number in a row is of, in the fewest words: the metric
// whatever the part of the prompts.
func (c Column) quantity(row Row) string {
	if c.Key.Reward != "" { // one reward's scores are of another kind than another's
		return c.Title
	}
	if row, ok := metric.Define(c.Key.Metric); ok && row.Title != "" {
		return row.Title
	}
	if cell, ok := row.Cells[ColumnKey{Field: FieldQuantity}]; ok {
		if _, beside := row.Cells[ColumnKey{Field: FieldValue}]; beside && c.Key.Field == FieldNumber {
			return cell.Text + " " + c.Title // not of the value
		}
		return cell.Text
	}
	return c.Title
}

// sentence begins words with a capital letter.
func sentence(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}
