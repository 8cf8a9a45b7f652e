// Package wordwrap breaks text into lines for terminals, by the cells that
// letters take there: two for a wide one, none for one that combines.
//
// It is ours because libraries that do this break words at hyphens, and so the
// flags of commands that a reader should copy (reflow, x/ansi), or count letters
// in place of cells (go-wordwrap).
package wordwrap

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// Lines breaks text at spaces into lines of at most width cells; a wider word
// stays whole. Runs of spaces count as one.
func Lines(text string, width int) []string {
	return lines(text, width, func(line string) (string, string) { return line, "" })
}

// Broken is Lines, but words wider than a line are broken: after a comma in the
// second half of the line if there is one. Such a word begins on the line of the
// word before it.
func Broken(text string, width int) []string {
	return lines(text, width, func(line string) (string, string) {
		at, cells, comma := len(line), 0, 0
		for i, r := range line {
			cells += runewidth.RuneWidth(r)
			if cells > width && i > 0 {
				at = i
				break
			}
			if r == ',' && cells > width/2 {
				comma = i + 1
			}
		}
		if comma > 0 && at < len(line) {
			at = comma
		}
		return line[:at], line[at:]
	})
}

// lines fills lines with words. cut splits a line that is too wide; what is left
// of it begins the next one.
func lines(text string, width int, cut func(line string) (head, rest string)) []string {
	var all []string
	line, used := "", 0
	for i, word := range strings.Fields(text) {
		cells := runewidth.StringWidth(word)
		_, rest := cut(word)
		switch {
		case i == 0:
			line, used = word, cells
		case used+1+cells > width && (cells <= width || rest == ""):
			all = append(all, line)
			line, used = word, cells
		default:
			line, used = line+" "+word, used+1+cells
		}
		for used > width {
			head, rest := cut(line)
			if rest == "" {
				break
			}
			all = append(all, head)
			line, used = rest, runewidth.StringWidth(rest)
		}
	}
	if line != "" {
		all = append(all, line)
	}
	return all
}
