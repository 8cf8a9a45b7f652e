package reports

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/plumb-ml/plumb/core/wordwrap"
)

// columnGap is the space between the columns of a terminal table.
const columnGap = "  "

// printTerminal writes a report for people who read it in a terminal of the
// given width.
func printTerminal(w io.Writer, width int, r *Report) error {
	var b bytes.Buffer
	heading := r.Title
	if r.About != "" {
		heading += ": " + r.About
	}
	wrapTo(&b, width, "", heading)
	for _, alarm := range r.Alarms {
		b.WriteByte('\n')
		wrapTo(&b, width, "ALARM  ", alarm)
	}
	for _, t := range r.Tables {
		fmt.Fprintln(&b)
		wrapTo(&b, width, "", t.Title)
		t, left := t.brief()
		for _, block := range fit(t, width) {
			if err := renderBlock(&b, block); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(t.Rows, func(row Row) bool { return row.Baseline }) {
			fmt.Fprintln(&b, "* baseline")
		}
		for _, note := range t.Notes {
			wrapTo(&b, width, "", note)
		}
		if left != "" {
			wrapTo(&b, width, "", left+" in the report's files.")
		}
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(&b)
	}
	for _, note := range r.Notes {
		wrapTo(&b, width, "- ", note)
	}
	for _, line := range r.Protocols {
		wrapTo(&b, width, "- ", line)
	}
	if r.Command != "" {
		wrapTo(&b, width, "", "Again: "+r.Command)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// brief is the table without its details, and in words what that leaves out.
func (t Table) brief() (brief Table, left string) {
	rows, columns := len(t.Rows), t.Columns
	t.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row Row) bool { return row.Detail })
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.Detail })
	var titles []string
	for _, column := range columns {
		if column.Detail {
			titles = append(titles, column.Title)
		}
	}
	rows -= len(t.Rows)
	switch {
	case rows > 0 && titles != nil:
		left = fmt.Sprintf("%d rows by category and the columns %s are", rows, strings.Join(titles, ", "))
	case rows > 0:
		left = fmt.Sprintf("%d rows by category are", rows)
	case titles != nil:
		left = "The columns " + strings.Join(titles, ", ") + " are"
	}
	return t, left
}

// block is a table, or a part of its columns, broken into lines.
type block struct {
	header []string
	rows   [][]string
	right  []bool // which columns hold numbers
}

// fit breaks a table so that it is no wider than width: first the headers are
// broken, then intervals go below their numbers, then words are broken, names at
// their signs as well, then bounds go below each other, and at last the number columns
// are dealt out to several blocks.
func fit(t Table, width int) []block {
	all := make([]int, len(t.Columns))
	for i := range all {
		all[i] = i
	}
	var b block
	narrow := style{stacked: true, words: 11, names: true}
	narrowest := narrow
	narrowest.bounds = true
	for _, style := range []style{{}, {stacked: true}, {stacked: true, words: 16}, {stacked: true, words: 11}, narrow, narrowest} {
		b = layOut(t, all, style)
		if b.width() <= width {
			return []block{b}
		}
	}
	leading := 0
	for leading < len(t.Columns) && t.Columns[leading].Key.words() {
		leading++
	}
	if leading == len(t.Columns) {
		return []block{layOut(t, all, narrow)}
	}
	var blocks []block
	chosen := slices.Clone(all[:leading])
	for _, column := range all[leading:] {
		more := append(slices.Clone(chosen), column)
		if len(chosen) > leading && layOut(t, more, narrow).width() > width {
			blocks = append(blocks, layOut(t, chosen, narrow))
			more = append(slices.Clone(all[:leading]), column)
		}
		chosen = more
	}
	return append(blocks, layOut(t, chosen, narrow))
}

// style is how the cells of a block are broken.
type style struct {
	stacked bool // intervals below their numbers
	words   int  // widest line of words; 0: any
	names   bool // names are parted, too: with_ auxiliary
	bounds  bool // the upper bound of an interval below the lower one
}

func layOut(t Table, columns []int, s style) block {
	b := block{rows: make([][]string, len(t.Rows))}
	for _, column := range columns {
		var cells []string
		widest := 0
		for i, row := range t.Rows {
			value, interval := t.written(i, column)
			cell := value
			if column == 0 && row.Baseline {
				cell += " *"
			}
			if t.Columns[column].Key.words() && s.words > 0 {
				cell = breakable(cell, longestWord)
				if s.names {
					cell = parted(cell, s.words)
				}
				cell = strings.Join(wordwrap.Lines(cell, s.words), "\n")
			}
			if interval != "" {
				if s.bounds {
					interval = strings.Replace(interval, ", ", ",\n", 1)
				}
				if s.stacked {
					cell += "\n" + interval
				} else {
					cell += " " + interval
				}
			}
			cells = append(cells, cell)
			widest = max(widest, linesWidth(cell))
		}
		b.header = append(b.header, strings.Join(wrapHeader(t.Columns[column].title(), max(widest, longestTitle/2)), "\n"))
		b.right = append(b.right, !t.Columns[column].Key.words())
		for i, cell := range cells {
			b.rows[i] = append(b.rows[i], cell)
		}
	}
	return b
}

func (b block) width() int {
	total := len(columnGap) * (len(b.header) - 1)
	for column, title := range b.header {
		widest := linesWidth(title)
		for _, row := range b.rows {
			widest = max(widest, linesWidth(row[column]))
		}
		total += widest
	}
	return total
}

func linesWidth(cell string) int {
	widest := 0
	for line := range strings.SplitSeq(cell, "\n") {
		widest = max(widest, utf8.RuneCountInString(line))
	}
	return widest
}

func renderBlock(w io.Writer, b block) error {
	stacked := slices.ContainsFunc(b.rows, func(row []string) bool {
		return slices.ContainsFunc(row, func(cell string) bool { return strings.Contains(cell, "\n") })
	})
	alignment := make(tw.Alignment, len(b.right))
	for i, right := range b.right {
		alignment[i] = tw.AlignLeft
		if right {
			alignment[i] = tw.AlignRight
		}
	}
	between := tw.Off
	if stacked && len(b.rows) > 1 {
		between = tw.On
	}
	var rendered bytes.Buffer
	table := tablewriter.NewTable(&rendered,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: between, ShowHeader: tw.On},
				Lines:      tw.Lines{ShowHeaderLine: tw.On},
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: alignment}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: alignment}),
		tablewriter.WithPadding(tw.Padding{Right: columnGap, Overwrite: true}),
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithTrimSpace(tw.Off),
	)
	table.Header(b.header)
	if err := table.Bulk(b.rows); err != nil {
		return fmt.Errorf("render a table: %w", err)
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("render a table: %w", err)
	}
	// The last column's gap belongs to nobody.
	widest := b.width()
	for line := range strings.SplitSeq(strings.TrimRight(rendered.String(), "\n"), "\n") {
		if runes := []rune(line); len(runes) > widest {
			line = string(runes[:widest])
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	return nil
}

// The longest words that are left whole in a narrow table and in any header.
const longestWord, longestTitle = 16, 12

// breakable parts words that are longer than some length, behind a sign such as
// = if there is one.
func breakable(words string, longest int) string {
	var parts []string
	for _, word := range strings.Fields(words) {
		runes := []rune(word)
		for len(runes) > longest {
			at := longest
			for i, r := range runes[:longest] {
				if strings.ContainsRune("=_-/.,:", r) {
					at = i + 1
				}
			}
			parts, runes = append(parts, string(runes[:at])), runes[at:]
		}
		parts = append(parts, string(runes))
	}
	return strings.Join(parts, " ")
}

// parted parts words that are longer than some length behind their signs, and leaves
// those without a sign whole.
func parted(words string, longest int) string {
	fields := strings.Fields(words)
	for i, word := range fields {
		if utf8.RuneCountInString(word) <= longest {
			continue
		}
		at := strings.LastIndexAny(word[:len(word)-1], "=_-/.,:")
		if at > 0 {
			fields[i] = word[:at+1] + " " + word[at+1:]
		}
	}
	return strings.Join(fields, " ")
}

// wrapHeader breaks a title, but leaves an arrow beside its percent sign.
func wrapHeader(title string, width int) []string {
	const glue = "\ue000" // as wide as a space, but none, so nothing breaks there
	lines := wordwrap.Lines(breakable(strings.ReplaceAll(title, "% ", "%"+glue), longestTitle), width)
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], glue, " ")
	}
	return lines
}

// wrapTo writes a paragraph with a first word that the other lines are indented by.
func wrapTo(w io.Writer, width int, first, words string) {
	indent := strings.Repeat(" ", runewidth.StringWidth(first))
	for i, line := range wordwrap.Lines(words, width-len(indent)) {
		if i > 0 {
			first = indent
		}
		fmt.Fprintln(w, first+line)
	}
}
