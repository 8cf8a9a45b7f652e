package reports

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// writeCSV writes every cell of every table as a row of its own, with full
// precision: shares in [0, 1], points in percentage points. The words of a
// row's text columns stand in "row", and in "verdict" if they come after the
// numbers.
func writeCSV(w io.Writer, r *Report) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"table", "row", "baseline", "column", "value", "low", "high", "unit", "n", "text", "verdict"}); err != nil {
		return err
	}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			var about, after []string
			numbers := false
			for column, cell := range row.Cells {
				switch {
				case !t.Columns[column].Text:
					numbers = true
				case numbers:
					after = append(after, cell.Text)
				default:
					about = append(about, cell.Text)
				}
			}
			for column, cell := range row.Cells {
				if t.Columns[column].Text {
					continue
				}
				if err := out.Write([]string{
					t.ID, strings.Join(about, " / "), strconv.FormatBool(row.Baseline), t.Columns[column].Title,
					exact(cell.Value), exact(cell.Low), exact(cell.High), cell.Unit, strconv.Itoa(cell.N), cell.Text, strings.Join(after, " / "),
				}); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

func exact(value *float64) string {
	if value == nil {
		return ""
	}
	return strconv.FormatFloat(*value, 'g', -1, 64)
}
