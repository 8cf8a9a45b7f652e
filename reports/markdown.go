package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// writeMarkdown writes a report as GitHub's Markdown.
func writeMarkdown(w io.Writer, r *Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", r.Title)
	if r.About != "" {
		fmt.Fprintf(&b, "\n%s\n", r.About)
	}
	for _, alarm := range r.Alarms {
		fmt.Fprintf(&b, "\n> **Alarm.** %s\n", alarm)
	}
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "\n## %s\n\n", t.Title)
		for _, column := range t.Columns {
			fmt.Fprintf(&b, "| %s ", escapeMarkdown(column.title()))
		}
		b.WriteString("|\n")
		for _, column := range t.Columns {
			if column.Text {
				b.WriteString("| --- ")
			} else {
				b.WriteString("| ---: ")
			}
		}
		b.WriteString("|\n")
		for i, row := range t.Rows {
			for column := range t.Columns {
				value, interval := t.written(i, column)
				cell := escapeMarkdown(value)
				if interval != "" {
					cell += " " + interval
				}
				if column == 0 && row.Baseline {
					cell = "**" + cell + "** (baseline)"
				}
				fmt.Fprintf(&b, "| %s ", cell)
			}
			b.WriteString("|\n")
		}
		for _, note := range t.Notes {
			fmt.Fprintf(&b, "\n*%s*\n", escapeMarkdown(note))
		}
	}
	if len(r.Notes) > 0 {
		b.WriteString("\n## How it was measured\n\n")
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", escapeMarkdown(note))
	}
	if r.Command != "" {
		fmt.Fprintf(&b, "\nAgain: `%s`\n", r.Command)
	}
	_, err := w.Write(b.Bytes())
	return err
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "\n", " ")

func escapeMarkdown(words string) string { return markdownEscapes.Replace(words) }
