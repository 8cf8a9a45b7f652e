package reports

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// writeCSV writes every cell of every table as a row of its own, with full
// precision: shares in [0, 1], points in percentage points. The words of a
// row's columns stand in "row", what a comparison came to in "conclusion", and how low
// and high were made in "interval".
func writeCSV(w io.Writer, r *Report) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"table", "row", "baseline", "column", "value", "low", "high", "unit", "n", "text", "conclusion", "interval"}); err != nil {
		return err
	}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			var about, after []string
			for _, column := range t.Columns {
				switch {
				case !column.Key.words():
				case column.Key.Field == FieldConclusion:
					after = append(after, row.Cell(column).Text)
				default:
					about = append(about, row.Cell(column).Text)
				}
			}
			for _, column := range t.Columns {
				if column.Key.words() {
					continue
				}
				cell := row.Cell(column)
				if err := out.Write([]string{
					t.ID, strings.Join(about, " / "), strconv.FormatBool(row.Baseline), column.Title,
					exact(cell.Value), exact(cell.Low), exact(cell.High), string(cell.Unit), strconv.Itoa(cell.N), cell.Text, strings.Join(after, " / "), cell.Method,
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
