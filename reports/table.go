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
	Lead    bool // it says what came out, and stands first

	Evaluation string // the evaluate block that it is of
	Claim      string // how a sentence begins that says what its headline rows conclude; empty: none does
}

// Row is one model, reward or comparison.
type Row struct {
	Subject  string // the model, reward or images that it is about
	Baseline bool   // what the others are compared with
	Detail   bool   // left out in the terminal; the files have it
	Headline bool   // its conclusion is part of the verdict
	Unseen   bool   // so is it, said apart: whether a model is better on words that it was not told about, too
	Cells    map[ColumnKey]Cell
}

// Cell is a number with its interval, or words.
type Cell struct {
	Text       string // shown as it is if Value is nil
	Value      *float64
	Low, High  *float64
	Seeds      []float64 // the number under each seed, where there are too few of them for an interval
	Unit       record.Unit
	N          int
	Method     string      // how the interval was made, in words
	Note       string      // what there is to say of the number, such as why it has no interval
	Comparison *Comparison // with a baseline's number; nil: none
}

// put sets the cell of a column.
func (r *Row) put(column Column, cell Cell) {
	if r.Cells == nil {
		r.Cells = map[ColumnKey]Cell{}
	}
	r.Cells[column.Key] = cell
}

// Cell is what a row shows in a column. What a comparison came to is read from it
// here, when the table is written.
func (r Row) Cell(column Column) Cell {
	key := column.Key
	switch key.Field {
	case FieldConclusion:
		number := r.Cells[key.as(FieldNumber)]
		if number.Comparison == nil && number.Text != missingText {
			return text("") // the row is not compared
		}
		return text(string(number.Comparison.Conclusion()))
	case FieldP:
		if c := r.Cells[key.as(FieldNumber)].Comparison; c != nil && c.P != nil {
			return Cell{Value: c.P, Unit: record.P}
		}
		return text("")
	}
	return r.Cells[key]
}

// missingText stands where a number was to be measured and was not.
const missingText = "missing"

// notAvailable stands where a number could not be computed; the cell's note says why.
const notAvailable = "n/a"

func text(words string) Cell { return Cell{Text: words} }

// cellOf is a metric as a cell: "missing" if there is none, "n/a" with the reason if
// it could not be computed.
func (t *Table) cellOf(m *record.Metric) Cell {
	if m == nil {
		return text(missingText)
	}
	if m.Value == nil {
		return Cell{Text: notAvailable, N: m.N, Note: m.Note}
	}
	cell := Cell{Value: m.Value, Low: m.Low, High: m.High, Unit: m.Unit, N: m.N, Note: m.Note}
	if m.Low != nil {
		cell.Method = m.Protocol["interval"]
	}
	return cell
}

// testedCell is a difference as a cell, with the comparison that it stands for, whose
// p value goes into the family.
func (t *Table) testedCell(tested *family, difference, p *record.Metric) Cell {
	cell := t.cellOf(difference)
	cell.Comparison = comparisonOf(difference)
	switch {
	case cell.Comparison == nil || p == nil:
	case p.Value != nil:
		cell.Comparison.Test = p.Protocol["test"]
		tested.add(cell.Comparison, *p.Value)
	case cell.Note == p.Note: // said once
	case cell.Note != "":
		cell.Note += "; not tested: " + p.Note
	default:
		cell.Note = "not tested: " + p.Note
	}
	return cell
}

// note adds a note once.
func (t *Table) note(words string) {
	if !slices.Contains(t.Notes, words) {
		t.Notes = append(t.Notes, words)
	}
}

// measured reports whether there is anything to say of any of the table's numbers.
func (t Table) measured() bool {
	nothing := []string{missingText, "", "-"}
	numbers := 0
	for _, row := range t.Rows {
		for _, column := range t.Columns {
			if column.Key.words() || column.Key.Field == FieldP {
				continue
			}
			numbers++
			if cell := row.Cell(column); cell.Value != nil || !slices.Contains(nothing, cell.Text) {
				return true
			}
		}
	}
	return numbers == 0
}

// decimals is how many digits after the point a plain number needs, as all of its
// column that are of one quantity have: two significant ones of the smallest
// interval, or three of the smallest number if there are no intervals.
func (t Table) decimals(row, column int) int {
	quantity := func(row Row) string { return row.Cells[ColumnKey{Field: FieldQuantity}].Text }
	smallest, digits := math.Inf(1), 2
	for _, withIntervals := range []bool{true, false} {
		for _, other := range t.Rows {
			cell := other.Cell(t.Columns[column])
			if cell.Value == nil || cell.Unit != record.Plain || quantity(other) != quantity(t.Rows[row]) {
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
	c := t.Rows[row].Cell(t.Columns[column])
	if c.Value == nil {
		return c.Text, ""
	}
	factor, format := 1.0, fmt.Sprintf("%%.%df", t.decimals(row, column))
	if t.Columns[column].Key.difference() {
		format = "%+" + format[1:]
	}
	switch c.Unit {
	case record.Share:
		factor, format = 100, "%.1f"
	case record.Points:
		format = "%+.1f"
	case record.P:
		if *c.Value < 0.001 {
			return "<0.001", ""
		}
		format = "%.3f"
	}
	number := func(x float64) string { return unsignedZero(fmt.Sprintf(format, factor*x)) }
	value = number(*c.Value)
	if len(c.Seeds) > 0 {
		var each []string
		for _, seed := range c.Seeds {
			each = append(each, number(seed))
		}
		return strings.Join(each, ", "), ""
	}
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
func (t *Table) dropEmpty(keep func(ColumnKey) bool) {
	t.Columns = slices.DeleteFunc(t.Columns, func(c Column) bool {
		return !c.Key.words() && !keep(c.Key) && !slices.ContainsFunc(t.Rows, func(r Row) bool {
			cell := r.Cell(c)
			return cell.Value != nil || cell.Text != missingText
		})
	})
}
