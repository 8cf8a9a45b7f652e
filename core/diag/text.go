package diag

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/plumb-ml/plumb/core/visible"
	"github.com/plumb-ml/plumb/core/wordwrap"
)

// TextOptions says how WriteText writes.
type TextOptions struct {
	Width   int     // of the terminal in cells; details are wrapped to it; 0: not wrapped
	Color   bool    // ANSI colours
	Sources Sources // what the subjects are quoted from; a file that is missing here is read from the disk

	// Block names the block of a file around a byte, such as `labels "human"`; ""
	// if there is none. If it is nil, blocks are not named.
	Block func(file string, text []byte, offset int) string
}

// Sources holds the text of files by the name under which ranges know them.
type Sources map[string][]byte

// Text returns the file's text, or nil if there is none to be had: a
// diagnostic without its source line is still worth printing.
func (s Sources) Text(file string) []byte {
	if text, ok := s[file]; ok {
		return text
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > mostQuoted {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return text
}

// mostQuoted is the largest file that is read to quote a line of it, in bytes.
const mostQuoted = 256 << 20

// WriteText writes the list for people: each diagnostic with its summary, the
// place, the source line with the wrong words marked, and the wrapped detail,
// followed by an empty line.
//
//	Error: Unknown rater
//
//	  on lee2023.hcl line 87, in labels "human":
//	  87:   rater = rater.crowed
//	                ^^^^^^^^^^^^
//
//	There is no rater "crowed". Did you mean "crowd"?
func WriteText(w io.Writer, list List, options TextOptions) error {
	var buffer bytes.Buffer
	paint := painter(options.Color)
	for _, d := range list {
		d = d.shown()
		title, color := "Error: ", red
		if d.Severity == Warning {
			title, color = "Warning: ", yellow
		}
		fmt.Fprintf(&buffer, "%s%s\n\n", paint(color, title), paint(bold, d.Summary))
		if !d.Subject.IsZero() {
			writePlace(&buffer, d.Subject, options, paint)
		}
		if d.Detail != "" {
			fmt.Fprintf(&buffer, "%s\n\n", wrap(d.Detail, options.Width))
		}
	}
	_, err := w.Write(buffer.Bytes())
	return err
}

// Bounds of what is shown, in bytes: a field of a file may have megabytes.
const (
	longestLine = 1500 // of a detail
	longestName = 200  // of a summary, a block or a word
)

// longWord is one that is no path, but a field without a space.
var longWord = regexp.MustCompile(`\S{300,}`)

// shown returns the diagnostic as it is shown: short, and without a character that
// a terminal would act on.
func (d Diagnostic) shown() Diagnostic {
	d.Summary = visible.Text(visible.Brief(d.Summary, longestName))
	lines := strings.Split(d.Detail, "\n")
	for i, line := range lines {
		lines[i] = longWord.ReplaceAllStringFunc(visible.Brief(line, longestLine), func(word string) string { return visible.Brief(word, longestName) })
	}
	d.Detail = visible.Text(strings.Join(lines, "\n"))
	return d
}

// ANSI escape sequences.
const (
	reset  = "\x1b[0m"
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
)

// painter returns a function that puts a text into a colour, or leaves it alone.
func painter(color bool) func(code, text string) string {
	if !color {
		return func(_, text string) string { return text }
	}
	return func(code, text string) string { return code + text + reset }
}

// writePlace writes where the subject is and the line it starts on.
func writePlace(w io.Writer, subject Range, options TextOptions, paint func(code, text string) string) {
	if subject.Start.Line == 0 { // the whole file: nothing of it is quoted, and none is read
		fmt.Fprintf(w, "  on %s\n\n", visible.Text(subject.File))
		return
	}
	text := options.Sources.Text(subject.File)
	place := fmt.Sprintf("on %s line %d", visible.Text(subject.File), subject.Start.Line)
	if options.Block != nil && len(text) > 0 {
		if block := options.Block(subject.File, text, subject.Start.Byte); block != "" {
			place += ", in " + visible.Text(visible.Brief(block, longestName))
		}
	}
	line, prefix, marked, ok := quote(text, subject)
	if !ok {
		fmt.Fprintf(w, "  %s\n\n", place)
		return
	}
	number := fmt.Sprintf("%4d: ", subject.Start.Line)
	margin := strings.Repeat(" ", len(number))
	rest := visible.Text(line[len(prefix)+len(marked):])
	prefix, marked = visible.Text(prefix), visible.Text(marked)
	fmt.Fprintf(w, "  %s:\n", place)
	fmt.Fprintf(w, "%s%s%s%s\n", number, prefix, paint(bold, marked), rest)
	fmt.Fprintf(w, "%s%s%s\n\n", margin, blank(prefix),
		paint(red, strings.Repeat("^", max(1, runewidth.StringWidth(marked)))))
}

// longestQuoted is the longest line that is worth showing, in bytes.
const longestQuoted = 1000

// quote finds the line on which the subject starts, what stands before the
// subject on it, and as much of the subject as the line holds.
func quote(text []byte, subject Range) (line, prefix, marked string, ok bool) {
	start := subject.Start.Byte
	if start == 0 && subject.Start.Line > 1 { // who reads tables knows lines and columns alone
		for range subject.Start.Line - 1 {
			length := bytes.IndexByte(text[start:], '\n')
			if length < 0 {
				return "", "", "", false
			}
			start += length + 1
		}
		subject.End.Byte = start + subject.End.Column - 1
		start += subject.Start.Column - 1
	}
	if len(text) == 0 || start < 0 || start > len(text) {
		return "", "", "", false
	}
	lineStart := bytes.LastIndexByte(text[:start], '\n') + 1
	lineEnd := len(text)
	if length := bytes.IndexByte(text[start:], '\n'); length >= 0 {
		lineEnd = start + length
	}
	line = strings.TrimRight(string(text[lineStart:lineEnd]), "\r")
	if !utf8.ValidString(line) || strings.ContainsRune(line, 0) || len(line) > longestQuoted {
		return "", "", "", false
	}
	first := min(start-lineStart, len(line))
	last := max(first, min(subject.End.Byte-lineStart, len(line)))
	return line, line[:first], line[first:last], true
}

// blank replaces everything but tabs with spaces, so that what follows stands
// under what followed the text.
func blank(text string) string {
	var blanked strings.Builder
	for _, r := range text {
		if r == '\t' {
			blanked.WriteByte('\t')
			continue
		}
		blanked.WriteString(strings.Repeat(" ", runewidth.RuneWidth(r)))
	}
	return blanked.String()
}

// wrap breaks the text's lines at spaces so that none is wider than width,
// except for words that are. Indented lines are left alone: they are examples
// to copy.
func wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	var wrapped []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			wrapped = append(wrapped, line)
			continue
		}
		if words := wordwrap.Lines(line, width); len(words) > 0 {
			wrapped = append(wrapped, words...)
		} else {
			wrapped = append(wrapped, "")
		}
	}
	return strings.Join(wrapped, "\n")
}
