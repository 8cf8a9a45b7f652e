package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/plumb-ml/plumb/reports/figure"
)

// writeMarkdown writes a report as GitHub's Markdown, with its figures.
func writeMarkdown(w io.Writer, r *Report, figures []figure.Figure) error {
	var b bytes.Buffer
	addMarkdown(&b, r, figures, 1)
	_, err := w.Write(b.Bytes())
	return err
}

// addMarkdown adds a report whose title is a heading of the given level.
func addMarkdown(b *bytes.Buffer, r *Report, figures []figure.Figure, level int) {
	title, section := strings.Repeat("#", level), strings.Repeat("#", level+1)
	fmt.Fprintf(b, "%s %s\n", title, r.Title)
	if r.About != "" {
		fmt.Fprintf(b, "\n%s\n", r.About)
	}
	for _, alarm := range r.Alarms {
		fmt.Fprintf(b, "\n> **Alarm.** %s\n", alarm)
	}
	for _, t := range r.Tables {
		fmt.Fprintf(b, "\n%s %s\n\n", section, t.Title)
		for _, column := range t.Columns {
			fmt.Fprintf(b, "| %s ", escapeMarkdown(column.title()))
		}
		b.WriteString("|\n")
		for _, column := range t.Columns {
			if column.Key.words() {
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
				fmt.Fprintf(b, "| %s ", cell)
			}
			b.WriteString("|\n")
		}
		for _, note := range t.Notes {
			fmt.Fprintf(b, "\n*%s*\n", escapeMarkdown(note))
		}
	}
	if len(figures) > 0 {
		fmt.Fprintf(b, "\n%s Figures\n", section)
	}
	for _, f := range figures {
		name := figuresDir + "/" + f.Name
		fmt.Fprintf(b, "\n%s# %s\n\n![%s](%s.svg)\n\n*%s* ([PDF](%s.pdf), [PNG](%s.png))\n", section, escapeMarkdown(f.Title), escapeMarkdown(f.Title), name, escapeMarkdown(f.Caption), name, name)
	}
	if len(r.Notes) > 0 {
		fmt.Fprintf(b, "\n%s How it was measured\n\n", section)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(note))
	}
	for _, line := range r.Protocols {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(line))
	}
	if r.Command != "" {
		fmt.Fprintf(b, "\nAgain: `%s`\n", r.Command)
	}
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "\n", " ")

func escapeMarkdown(words string) string { return markdownEscapes.Replace(words) }
