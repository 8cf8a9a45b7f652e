package reports

import (
	"cmp"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/core/metric"
)

// csvColumns are the columns behind those of the variables. A cell is empty where it
// has no meaning.
var csvColumns = []string{
	"table",
	"subject", "versus", "baseline", // the model, reward or images; what it is compared with; whether others are compared with it
	"metric", "quantity", // its name, which is empty of a difference of something; in words
	"reward", "aspect", "category", "split", // what it is over; empty: all
	"seeds",                     // how many are behind it, where it is over seeds
	"value", "low", "high", "n", // with full precision
	"unit",                       // share: in [0, 1]; points: percentage points; plain: the metric's own
	"p", "conclusion", "against", // of the comparison with a baseline
	"interval", "test", // how they were made
	"text", // in place of a value
}

// writeCSV writes a row for each number of every table, with what it is of in columns of
// their own, one for each variable of an ablation among them.
func writeCSV(w io.Writer, r *Report) error {
	var variables []string
	for _, t := range r.Tables {
		for _, c := range t.Columns {
			if c.Key.Field == FieldVariable && !slices.Contains(variables, c.Key.Variable) {
				variables = append(variables, c.Key.Variable)
			}
		}
	}
	out := csv.NewWriter(w)
	head := []string{csvColumns[0]}
	for _, variable := range variables {
		if variable == "" {
			variable = "variant"
		}
		head = append(head, variable)
	}
	if err := out.Write(append(head, csvColumns[1:]...)); err != nil {
		return err
	}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			for _, column := range t.Columns {
				if column.Key.words() || column.Key.Field == FieldP { // which stands beside its number
					continue
				}
				if err := out.Write(tidy(t, row, column, variables)); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

// tidy is the row of one number.
func tidy(t Table, row Row, column Column, variables []string) []string {
	key, cell := column.Key, row.Cell(column)
	words := func(field Field) string { return row.Cells[ColumnKey{Field: field}].Text }
	line := []string{t.ID}
	for _, variable := range variables {
		line = append(line, row.Cells[ColumnKey{Field: FieldVariable, Variable: variable}].Text)
	}
	subject, versus := row.Subject, words(FieldVersus)
	if key.OfVersus {
		subject, versus = versus, ""
	}
	if versus == "" {
		versus = key.Versus
	}
	category, split := key.Category, key.Split
	if over := words(FieldPart); over != "" && category == "" && split == "" {
		switch over {
		case (part{}).name():
		case "seen", "unseen":
			split = over
		default:
			category = over
		}
	}
	quantity := words(FieldQuantity)
	if quantity == "" {
		// Split and percent sign are in columns of their own.
		quantity = strings.TrimSuffix(strings.TrimSuffix(column.Title, " %"), ", "+key.Split)
	} else if key.Field == FieldNumber {
		quantity += ", difference"
	}
	unit := string(cell.Unit)
	if unit == "" && cell.Value != nil {
		unit = "plain"
	}
	n := ""
	if cell.N > 0 {
		n = strconv.Itoa(cell.N)
	}
	p, conclusion, against, test := "", "", "", ""
	if c := cell.Comparison; c != nil {
		p, conclusion, against, test = exact(c.P), string(c.Conclusion()), c.Baseline, c.Test
	}
	name := key.Metric
	if _, known := metric.Define(name); !known {
		name = ""
	}
	return append(line,
		subject, versus, strconv.FormatBool(row.Baseline),
		name, quantity,
		key.Reward, cmp.Or(key.Aspect, words(FieldAspect)), category, split,
		words(FieldSeeds),
		exact(cell.Value), exact(cell.Low), exact(cell.High), n,
		unit,
		p, conclusion, against,
		cell.Method, test,
		cell.Text)
}

func exact(value *float64) string {
	if value == nil {
		return ""
	}
	return strconv.FormatFloat(*value, 'g', -1, 64)
}
