package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// writeLaTeX writes the tables for a paper; they need the package booktabs.
func writeLaTeX(w io.Writer, r *Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%% %s\n", oneLine(r.Title))
	if r.Command != "" {
		fmt.Fprintf(&b, "%% Made by: %s\n", oneLine(r.Command))
	}
	b.WriteString("% Needs \\usepackage{booktabs}\n")
	for _, alarm := range r.Alarms {
		fmt.Fprintf(&b, "%% Alarm: %s\n", oneLine(alarm))
	}
	for _, t := range r.Tables {
		b.WriteString("\n\\begin{table}\n  \\centering\n")
		fmt.Fprintf(&b, "  \\caption{%s}\n  \\label{tab:%s}\n", escapeLaTeX(t.Title), t.ID)
		b.WriteString("  \\begin{tabular}{")
		for _, column := range t.Columns {
			if column.Key.words() {
				b.WriteByte('l')
			} else {
				b.WriteByte('r')
			}
		}
		b.WriteString("}\n    \\toprule\n    ")
		for i, column := range t.Columns {
			if i > 0 {
				b.WriteString(" & ")
			}
			b.WriteString(escapeLaTeX(column.title()))
		}
		b.WriteString(" \\\\\n    \\midrule\n")
		for i, row := range t.Rows {
			b.WriteString("    ")
			for column := range t.Columns {
				if column > 0 {
					b.WriteString(" & ")
				}
				value, interval := t.written(i, column)
				cell := escapeLaTeX(value)
				switch {
				case strings.HasPrefix(interval, "±"):
					cell = fmt.Sprintf(`$%s \pm %s$`, value, strings.TrimPrefix(interval, "±"))
				case interval != "":
					cell = fmt.Sprintf(`$%s$ {\small $%s$}`, value, interval)
				case t.Rows[i].Cell(t.Columns[column]).Value != nil:
					cell = "$" + value + "$"
				}
				if column == 0 && row.Baseline {
					cell = `\emph{` + cell + `} (baseline)`
				}
				b.WriteString(cell)
			}
			b.WriteString(" \\\\\n")
		}
		b.WriteString("    \\bottomrule\n  \\end{tabular}\n")
		for _, note := range t.Notes {
			fmt.Fprintf(&b, "\n  {\\footnotesize %s}\n", escapeLaTeX(note))
		}
		b.WriteString("\\end{table}\n")
	}
	b.WriteByte('\n')
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "%% %s\n", oneLine(note))
	}
	_, err := w.Write(b.Bytes())
	return err
}

var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, `&`, `\&`, `%`, `\%`, `$`, `\$`, `#`, `\#`, `_`, `\_`, `{`, `\{`, `}`, `\}`,
	`~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`, `↑`, `$\uparrow$`, `↓`, `$\downarrow$`, `±`, `$\pm$`, `<`, `$<$`, `>`, `$>$`,
)

func escapeLaTeX(words string) string { return latexEscapes.Replace(words) }

func oneLine(words string) string { return strings.Join(strings.Fields(words), " ") }
