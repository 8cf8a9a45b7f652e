package reports

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// textWidth is how wide a table may be, in points: NeurIPS' text of 5.5 inches.
const textWidth = 5.5 * 72.27

// columnSep is LaTeX's \tabcolsep here, in points; there are two between columns.
const columnSep = 3

// size is a size of type, by LaTeX's name, and how many points an em is in it.
type size struct {
	name string
	em   float64
}

// The sizes that a table is set in, the largest first that it fits in.
var latexSizes = []size{{"small", 9.25}, {"footnotesize", 8.5}, {"scriptsize", 7.5}}

// longestLaTeXWords is how many characters of words a column may have before it is set
// as a paragraph.
const longestLaTeXWords = 22

// panel is a table, or a part of its columns, as it is set.
type panel struct {
	size  size
	spec  string
	heads []string // the lines of the header
	rows  []string // without what ends a line
	space []bool   // before which rows there is some
}

// latexPanels deals the columns of a table out to as few panels as fit the text. Each
// has the columns of words.
func latexPanels(t Table, marked map[place]bool) []panel {
	var words, after, numbers []int
	for i, column := range t.Columns {
		switch {
		case !column.Key.words():
			numbers = append(numbers, i)
		case column.Key.Field == FieldConclusion:
			after = append(after, i)
		default:
			words = append(words, i)
		}
	}
	if len(numbers) == 0 {
		words, after = append(words, after...), nil
	}
	all := slices.Concat(words, numbers, after)
	slices.Sort(all)
	for _, s := range latexSizes {
		if latexWidth(t, all, s) <= textWidth {
			return []panel{setPanel(t, all, s, marked)}
		}
	}
	// No size is small enough: panels one below the other.
	s := latexSizes[1]
	rest := slices.Concat(numbers, after)
	slices.Sort(rest)
	var panels []panel
	chosen := slices.Clone(words)
	for _, column := range rest {
		if len(chosen) > len(words) && latexWidth(t, append(slices.Clone(chosen), column), s) > textWidth {
			panels = append(panels, setPanel(t, chosen, s, marked))
			chosen = slices.Clone(words)
		}
		chosen = append(chosen, column)
	}
	return append(panels, setPanel(t, chosen, s, marked))
}

// setPanel sets columns of a table.
func setPanel(t Table, columns []int, s size, marked map[place]bool) panel {
	p := panel{size: s}
	for _, column := range columns {
		switch width := latexColumn(t, column, s); {
		case !t.Columns[column].Key.words():
			p.spec += "r"
		case longestText(t, column) > longestLaTeXWords:
			p.spec += fmt.Sprintf(">{\\raggedright\\arraybackslash}p{%.0fpt}", width)
		default:
			p.spec += "l"
		}
	}
	p.heads = latexHeads(t, columns)
	before := ""
	for i, row := range t.Rows {
		var cells []string
		for at, column := range columns {
			cell := latexCell(t, i, column, marked[place{i, column}])
			if column == 0 && row.Baseline && cell != "" {
				cell += "$^*$"
			}
			// What stands above already is not said again.
			if at == 0 && len(columns) > 1 && t.Columns[1].Key.words() {
				if cell == before && i > 0 {
					cell = ""
				} else {
					before = cell
				}
			}
			cells = append(cells, cell)
		}
		p.rows = append(p.rows, strings.Join(cells, " & "))
		p.space = append(p.space, i > 0 && cells[0] != "" && len(columns) > 1 && t.Columns[1].Key.words())
	}
	return p
}

// write writes the panel.
func (p panel) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "  {\\%s\\setlength{\\tabcolsep}{%dpt}%%\n  \\begin{tabular}{@{}%s@{}}\n    \\toprule\n", p.size.name, columnSep, p.spec)
	for _, head := range p.heads {
		fmt.Fprintf(b, "    %s\n", head)
	}
	b.WriteString("    \\midrule\n")
	for i, row := range p.rows {
		if p.space[i] {
			b.WriteString("    \\addlinespace\n")
		}
		fmt.Fprintf(b, "    %s \\\\\n", row)
	}
	b.WriteString("    \\bottomrule\n  \\end{tabular}}\n")
}

// latexHeads are the lines of the header. Numbers of one metric over several splits
// stand under its name.
func latexHeads(t Table, columns []int) []string {
	group := func(at int) (name string, n int) {
		first := t.Columns[columns[at]]
		name, ok := splitTitle(first)
		if !ok {
			return "", 1
		}
		for n = 1; at+n < len(columns); n++ {
			next := t.Columns[columns[at+n]]
			other, ok := splitTitle(next)
			if !ok || other != name || next.Key.Reward != first.Key.Reward {
				break
			}
		}
		if n == 1 {
			return "", 1
		}
		return name, n
	}
	var above, rules, below []string
	grouped := false
	for at := 0; at < len(columns); {
		name, n := group(at)
		if n == 1 {
			above = append(above, "")
			below = append(below, latexHead(t.Columns[columns[at]], t.Columns[columns[at]].title()))
			at++
			continue
		}
		grouped = true
		above = append(above, fmt.Sprintf("\\multicolumn{%d}{c}{%s}", n, escapeLaTeX(name)))
		rules = append(rules, fmt.Sprintf("\\cmidrule(lr){%d-%d}", at+1, at+n))
		for i := range n {
			below = append(below, latexHead(t.Columns[columns[at+i]], t.Columns[columns[at+i]].Key.Split))
		}
		at += n
	}
	var lines []string
	if grouped {
		lines = append(lines, strings.Join(above, " & ")+" \\\\", strings.Join(rules, " "))
	}
	return append(lines, strings.Join(below, " & ")+" \\\\")
}

// splitTitle is the title of a number over one split, without the split.
func splitTitle(c Column) (string, bool) {
	if c.Key.Split == "" || c.Key.words() {
		return "", false
	}
	before, after, ok := strings.Cut(c.title(), ", "+c.Key.Split)
	return before + after, ok
}

// latexHead is a column's title, in lines where it is long.
func latexHead(c Column, title string) string {
	lines := wrapHeader(title, longestTitle)
	for i := range lines {
		lines[i] = escapeLaTeX(lines[i])
	}
	if len(lines) == 1 {
		return lines[0]
	}
	side := "r"
	if c.Key.words() {
		side = "l"
	}
	return fmt.Sprintf("\\shortstack[%s]{%s}", side, strings.Join(lines, `\\`))
}

// latexCell is a cell: a value with its interval below and behind it.
func latexCell(t Table, row, column int, bold bool) string {
	value, interval := t.written(row, column)
	cell := t.Rows[row].Cell(t.Columns[column])
	if cell.Value == nil || len(cell.Seeds) > 0 {
		return escapeLaTeX(value)
	}
	number := strings.ReplaceAll(value, "<", "{<}")
	if bold {
		number = `\mathbf{` + number + `}`
	}
	switch {
	case strings.HasPrefix(interval, "±"):
		return fmt.Sprintf(`$%s_{\pm %s}$`, number, strings.TrimPrefix(interval, "±"))
	case interval != "":
		return fmt.Sprintf(`$%s_{%s}$`, number, strings.ReplaceAll(interval, ", ", ",\\,"))
	}
	return "$" + number + "$"
}

// latexWidth is about how wide columns are together, in points, rather more than less.
func latexWidth(t Table, columns []int, s size) float64 {
	total := 2 * columnSep * float64(len(columns)-1)
	for _, column := range columns {
		total += latexColumn(t, column, s)
	}
	return total
}

// latexColumn is about how wide a column is, in points.
func latexColumn(t Table, column int, s size) float64 {
	c := t.Columns[column]
	widest := 0.0
	title := c.title()
	if _, ok := splitTitle(c); ok {
		title = c.Key.Split // or wider, if it stands alone
	}
	for _, title := range []string{title, c.title()} {
		for _, line := range wrapHeader(title, longestTitle) {
			widest = max(widest, emsOf(line)*s.em)
		}
	}
	for i, row := range t.Rows {
		value, interval := t.written(i, column)
		width := emsOf(value) * s.em
		if c.Key.words() {
			width = min(width, longestLaTeXWords*0.5*s.em)
		}
		if interval != "" {
			width += emsOf(interval) * s.em * 0.72 // of a subscript
		}
		if column == 0 && row.Baseline {
			width += 0.5 * s.em
		}
		widest = max(widest, width)
	}
	return widest
}

// longestText is the length of a column's longest words.
func longestText(t Table, column int) int {
	longest := 0
	for i := range t.Rows {
		value, _ := t.written(i, column)
		longest = max(longest, len([]rune(value)))
	}
	return longest
}

// emsOf is about how wide a text is in Computer Modern, in ems.
func emsOf(text string) float64 {
	total := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijl.,:;'|!I", r):
			total += 0.28
		case strings.ContainsRune(" []()tfr/", r):
			total += 0.39
		case strings.ContainsRune("mwMW", r):
			total += 0.83
		case strings.ContainsRune("+±<>−↑↓%", r):
			total += 0.8
		case unicode.IsUpper(r) || r > 0x2e80:
			total += 0.75
		default:
			total += 0.52
		}
	}
	return total
}
