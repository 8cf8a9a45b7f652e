package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// Table is a comparison, in no particular form.
type Table struct {
	ID      string // short, without spaces: "models", "wins"
	Title   string
	Columns []Column
	Rows    []Row
	Notes   []string
}

// Column is one quantity. The first columns of a table name what a row is about.
type Column struct {
	Title  string
	Better string // "higher", "lower" or ""
	Text   bool   // holds words, not numbers
}

// Row is one model, reward or comparison.
type Row struct {
	Baseline bool // what the others are compared with
	Detail   bool // left out in the terminal; the files have it
	Cells    []Cell
}

// Cell is a number with its interval, or words.
type Cell struct {
	Text      string // shown as it is if Value is nil
	Value     *float64
	Low, High *float64
	Unit      string // "share" is shown in percent, "points" with its sign, "p" as a p value
	N         int
}

// missingText stands where a number was to be measured and was not.
const missingText = "missing"

func text(words string) Cell { return Cell{Text: words} }

// cellOf is a metric as a cell: "missing" if there is none, "n/a" if it could
// not be computed; the reason then goes to the table's notes.
func (t *Table) cellOf(m *record.Metric) Cell {
	if m == nil {
		return text(missingText)
	}
	if m.Value == nil {
		about := m.Name + " of " + m.Subject
		for _, part := range []string{m.Category, m.Split} {
			if part != "" {
				about += ", " + part
			}
		}
		t.note("n/a: " + about + ": " + m.Note)
		return Cell{Text: "n/a", N: m.N}
	}
	return Cell{Value: m.Value, Low: m.Low, High: m.High, Unit: m.Unit, N: m.N}
}

// note adds a note once.
func (t *Table) note(words string) {
	if !slices.Contains(t.Notes, words) {
		t.Notes = append(t.Notes, words)
	}
}

// title is a column's title with an arrow in the better direction.
func (c Column) title() string {
	switch c.Better {
	case "higher":
		return c.Title + " ↑"
	case "lower":
		return c.Title + " ↓"
	}
	return c.Title
}

// decimals is how many digits after the point the plain numbers of a column
// need: two significant ones of the smallest interval, or three of the smallest
// number if there are no intervals.
func (t Table) decimals(column int) int {
	smallest, digits := math.Inf(1), 2
	for _, withIntervals := range []bool{true, false} {
		for _, row := range t.Rows {
			cell := row.Cells[column]
			if cell.Value == nil || cell.Unit != "" {
				continue
			}
			size := math.Abs(*cell.Value)
			if withIntervals {
				if cell.Low == nil {
					continue
				}
				size = (*cell.High - *cell.Low) / 2
			}
			if size > 0 {
				smallest = min(smallest, size)
			}
		}
		if !math.IsInf(smallest, 1) {
			break
		}
		digits = 3
	}
	if math.IsInf(smallest, 1) {
		return 2
	}
	return min(5, max(0, digits-1-int(math.Floor(math.Log10(smallest)))))
}

// written is a cell in words: its value, and its interval if it has one.
func (t Table) written(row, column int) (value, interval string) {
	c := t.Rows[row].Cells[column]
	if c.Value == nil {
		return c.Text, ""
	}
	factor, format := 1.0, fmt.Sprintf("%%.%df", t.decimals(column))
	switch c.Unit {
	case "share":
		factor, format = 100, "%.1f"
	case "points":
		format = "%+.1f"
	case "p":
		if *c.Value < 0.001 {
			return "<0.001", ""
		}
		format = "%.3f"
	}
	number := func(x float64) string { return unsignedZero(fmt.Sprintf(format, factor*x)) }
	value = number(*c.Value)
	if c.Low == nil {
		return value, ""
	}
	below, above := *c.Value-*c.Low, *c.High-*c.Value
	if half := (below + above) / 2; math.Abs(above-below) <= 0.25*half {
		return value, "±" + strings.TrimPrefix(number(half), "+")
	}
	return value, "[" + number(*c.Low) + ", " + number(*c.High) + "]"
}

// unsignedZero takes the sign off a number that rounds to zero.
func unsignedZero(number string) string {
	if strings.Trim(number, "+-0.") == "" {
		return strings.TrimLeft(number, "+-")
	}
	return number
}

// dropEmpty removes the number columns in which no row has anything but keep
// says otherwise.
func (t *Table) dropEmpty(keep func(column int) bool) {
	for column := len(t.Columns) - 1; column >= 0; column-- {
		if t.Columns[column].Text || keep(column) {
			continue
		}
		empty := !slices.ContainsFunc(t.Rows, func(r Row) bool {
			return r.Cells[column].Value != nil || r.Cells[column].Text != missingText
		})
		if empty {
			t.Columns = slices.Delete(t.Columns, column, column+1)
			for i := range t.Rows {
				t.Rows[i].Cells = slices.Delete(t.Rows[i].Cells, column, column+1)
			}
		}
	}
}
