package reports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/reports/page"
)

// The bounds of a table on a page: rows, and the cells up to which each says how it was
// made; the notes below the table say the same of all.
const (
	mostPageRows  = 1000
	mostPageWords = 3000
)

// page is the table on a page.
func (t Table) page() page.Table {
	out := page.Table{Title: t.Title, Notes: t.Notes}
	for _, column := range t.Columns {
		out.Columns = append(out.Columns, page.Column{Title: column.title(), Numbers: !column.Key.words()})
	}
	rows := t.Rows
	if len(rows) > mostPageRows {
		rows = rows[:mostPageRows]
		out.Left = fmt.Sprintf("The first %d of %d rows; tables.csv has all.", mostPageRows, len(t.Rows))
	}
	wordy := len(rows)*len(t.Columns) <= mostPageWords
	for i, row := range rows {
		shown := page.Row{Baseline: row.Baseline}
		for at, column := range t.Columns {
			cell := row.Cell(column)
			value, interval := t.written(i, at)
			one := page.Cell{Text: value, Interval: interval}
			switch {
			case column.Key.Field == FieldConclusion:
				if conclusion := row.Cells[column.Key.as(FieldNumber)].Comparison.Conclusion(); conclusion == Better || conclusion == Worse {
					one.Verdict = string(conclusion)
				}
			case !column.Key.words():
				if cell.Value != nil {
					one.Value = strconv.FormatFloat(*cell.Value, 'g', -1, 64)
				}
				one.Detail = cell.detail(wordy)
			}
			shown.Cells = append(shown.Cells, one)
		}
		out.Rows = append(out.Rows, shown)
	}
	return out
}

// detail is all that a number has to say of itself: its digits, interval, n, how the
// interval was made if that is wanted, its test, and what is remarkable. Empty of words.
func (c Cell) detail(wordy bool) string {
	var said []string
	if c.Value != nil {
		digits := c.digits(*c.Value)
		if c.Low != nil {
			digits += fmt.Sprintf(" [%s, %s]", c.digits(*c.Low), c.digits(*c.High))
		}
		said = append(said, digits)
	}
	if c.N > 0 {
		said = append(said, fmt.Sprintf("n %d", c.N))
	}
	if p := c.Comparison; p != nil && p.P != nil {
		tested := fmt.Sprintf("against %s: p %.4g, corrected", p.Baseline, *p.P)
		if p.Test != "" && wordy {
			tested += " (" + p.Test + ")"
		}
		said = append(said, tested)
	}
	if c.Method != "" && wordy {
		said = append(said, "interval: "+c.Method)
	}
	if c.Note != "" && wordy {
		said = append(said, c.Note)
	}
	return strings.Join(said, "; ")
}

// digits is a number of the cell in six significant digits and its unit.
func (c Cell) digits(x float64) string {
	switch c.Unit {
	case record.Share:
		return fmt.Sprintf("%.6g %%", 100*x)
	case record.Points:
		return unsignedZero(fmt.Sprintf("%+.6g", x)) + " points"
	}
	return fmt.Sprintf("%.6g", x)
}
