package reports

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/record"
)

// writeLaTeX writes the tables for a paper: each fits a text of 5.5 inches, which is
// NeurIPS', and one column of that format. They need the packages booktabs and array.
func writeLaTeX(w io.Writer, r *Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%% %s\n", oneLine(r.Title))
	if r.Command != "" {
		fmt.Fprintf(&b, "%% Made by: %s\n", oneLine(r.Command))
	}
	b.WriteString("% Needs \\usepackage{booktabs,array}\n")
	for _, alarm := range r.Alarms {
		fmt.Fprintf(&b, "%% Alarm: %s\n", oneLine(alarm))
	}
	for _, t := range r.Tables {
		addLaTeX(&b, t)
	}
	b.WriteByte('\n')
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "%% %s\n", oneLine(note))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// addLaTeX writes a table. What there is to say of it, n, intervals and tests among it,
// is in the caption.
func addLaTeX(b *bytes.Buffer, t Table) {
	caption := []string{t.Title + "."}
	if slices.ContainsFunc(t.Rows, func(row Row) bool { return row.Baseline }) {
		caption = append(caption, "$^*$ is the baseline.")
	}
	marked := distinguished(t)
	if len(marked) > 0 {
		caption = append(caption, "Bold is the best of what is distinguishably better than the baseline.")
	}
	for i := range caption {
		caption[i] = strings.ReplaceAll(escapeLaTeX(caption[i]), `\$\textasciicircum{}*\$`, "$^*$")
	}
	for _, note := range t.Notes {
		caption = append(caption, escapeLaTeX(note))
	}
	fmt.Fprintf(b, "\n\\begin{table}[tbp]\n  \\centering\n  \\caption{%s}\n  \\label{tab:%s}\n  \\vspace{1ex}\n", strings.Join(caption, " "), t.ID)
	for i, panel := range latexPanels(t, marked) {
		if i > 0 {
			b.WriteString("\n  \\medskip\n")
		}
		panel.write(b)
	}
	b.WriteString("\\end{table}\n")
}

// place is a cell of a table.
type place struct{ row, column int }

// distinguished are the cells that are the best of those that a comparison found to be
// better, among the rows that are about the same part of the same thing.
func distinguished(t Table) map[place]bool {
	about := func(row Row) string {
		var words []string
		for _, column := range t.Columns {
			if column.Key.Field == FieldPart || column.Key.Field == FieldQuantity || column.Key.Field == FieldVersus {
				words = append(words, row.Cell(column).Text)
			}
		}
		return strings.Join(words, "\x00")
	}
	best := map[string]place{}
	for i, row := range t.Rows {
		for j, column := range t.Columns {
			cell := row.Cell(column)
			if column.Key.Field != FieldNumber || cell.Comparison == nil || cell.Comparison.Conclusion() != Better {
				continue
			}
			key := fmt.Sprintf("%d\x00%s", j, about(row))
			other, ok := best[key]
			if !ok || ahead(cell.Comparison, t.Rows[other.row].Cell(column).Comparison) {
				best[key] = place{i, j}
			}
		}
	}
	marked := map[place]bool{}
	for _, at := range best {
		marked[at] = true
	}
	return marked
}

// ahead reports whether one difference is the better of two.
func ahead(one, other *Comparison) bool {
	if one.Better == record.Lower {
		return *one.Difference < *other.Difference
	}
	return *one.Difference > *other.Difference
}

var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, `&`, `\&`, `%`, `\%`, `$`, `\$`, `#`, `\#`, `_`, `\_`, `{`, `\{`, `}`, `\}`,
	`~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`, `↑`, `$\uparrow$`, `↓`, `$\downarrow$`, `±`, `$\pm$`, `<`, `$<$`, `>`, `$>$`,
)

func escapeLaTeX(words string) string { return latexEscapes.Replace(words) }

func oneLine(words string) string { return strings.Join(strings.Fields(words), " ") }
