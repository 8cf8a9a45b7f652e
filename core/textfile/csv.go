package textfile

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/plumb-ml/plumb/core/diag"
)

// CSV reads fields between separators, of any dialect: commas, semicolons, tabs or
// bars, whichever make the columns that are looked for; lines that end in LF, CRLF
// or CR; a byte order mark, or a line "sep=;" before the rest, which spreadsheets
// write. Its first line names the columns, whose case does not count. Rows without
// any text are passed over.
type CSV struct {
	path   string
	fields *csv.Reader
	source *bounded
	names  []string
	skip   int // lines before the names
	latest []string
}

const (
	// largestRow bounds a row, in bytes: a quote that does not end must not ask for
	// the whole file.
	largestRow = 16 << 20
	// headBytes are what the dialect is told by.
	headBytes = 1 << 16
)

// separators that may stand between fields; of two that fit alike, the first one.
var separators = []rune{',', ';', '\t', '|'}

// NewCSV reads the first line of a file. Of the columns that are looked for, none
// may be there twice. Its error is a *Mistake, or one of reading.
func NewCSV(file io.Reader, path string, lookedFor []string) (*CSV, error) {
	buffered := bufio.NewReaderSize(file, headBytes)
	head, err := buffered.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if wrong := Stranger(head); wrong != nil {
		return nil, wrong
	}
	if wrong := structured(head); wrong != nil {
		return nil, wrong
	}
	c := &CSV{path: path}
	if strings.HasPrefix(string(head), Mark) {
		buffered.Discard(len(Mark))
		head = head[len(Mark):]
	}
	d := dialectOf(string(head), lookedFor)
	buffered.Discard(d.prologue)
	c.skip = d.prologueLines
	var source io.Reader = buffered
	if d.carriageReturns {
		source = newlines{buffered}
	}
	c.source = &bounded{from: source, left: largestRow}
	c.fields = csv.NewReader(c.source)
	c.fields.Comma = d.separator
	c.fields.FieldsPerRecord = -1 // counted below, with a message of our own
	c.fields.ReuseRecord = true
	for {
		first, err := c.next()
		if errors.Is(err, io.EOF) {
			return nil, final(0, "The file is empty", "Its first line names the columns.")
		} else if err != nil {
			return nil, err
		}
		if blank(first) {
			continue
		}
		for _, name := range first {
			c.names = append(c.names, strings.TrimSpace(strings.Clone(name)))
		}
		break
	}
	for _, column := range lookedFor {
		if c.count(column) > 1 {
			return nil, Twice(c.Line(), column, c.names)
		}
	}
	return c, nil
}

// Names of the columns, as the file spells them.
func (c *CSV) Names() []string { return c.names }

// Column is the name of a column as the file spells it; false if there is none.
func (c *CSV) Column(name string) (string, bool) {
	if i := c.index(name); i >= 0 {
		return c.names[i], true
	}
	return "", false
}

// index of a column: of the name, else of one that differs in its case.
func (c *CSV) index(column string) int {
	if i := slices.Index(c.names, column); i >= 0 {
		return i
	}
	return slices.IndexFunc(c.names, func(name string) bool { return strings.EqualFold(name, column) })
}

func (c *CSV) count(column string) (n int) {
	for _, name := range c.names {
		if strings.EqualFold(name, column) {
			n++
		}
	}
	return n
}

// Next goes to the next row. At the end it returns io.EOF; a *Mistake is about one
// row if it is not Final, and the next may be asked for.
func (c *CSV) Next() error {
	for {
		row, err := c.next()
		if err != nil {
			return err
		}
		if blank(row) {
			continue
		}
		line := c.Line()
		for _, field := range row {
			if !utf8.ValidString(field) {
				return NotUTF8(line)
			}
		}
		if len(row) != len(c.names) {
			return &Mistake{Summary: fmt.Sprintf("The line has %d fields", len(row)), Line: line, Detail: fmt.Sprintf(
				"The first line has %d. A field with a %s in it stands between quotes.", len(c.names), separatorName(c.fields.Comma))}
		}
		c.latest = row
		return nil
	}
}

func (c *CSV) next() ([]string, error) {
	c.source.left = largestRow
	row, err := c.fields.Read()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong) && errors.Is(wrong.Err, errLong), errors.Is(err, errLong):
		return nil, final(c.lineOfEnd(), "A row without an end", "It is longer than %d MiB. A quote that begins a field must end it too.", largestRow>>20)
	case errors.As(err, &wrong):
		m := final(wrong.StartLine+c.skip, "The line is not CSV", "%v. A quote that begins a field must end it too, and a quote within a field is written twice.", wrong.Err)
		if wrong.Line == wrong.StartLine { // else the quote that has no end is in the row's first line
			m.Column = wrong.Column
		}
		return nil, m
	case err != nil:
		return nil, err
	}
	return row, nil
}

// lineOfEnd is where reading stopped.
func (c *CSV) lineOfEnd() int {
	if len(c.names) == 0 {
		return 1 + c.skip
	}
	return c.Line()
}

// Line is the number of the latest row's first line.
func (c *CSV) Line() int {
	line, _ := c.fields.FieldPos(0)
	return line + c.skip
}

// Get returns a field of the latest row; false if there is no such column.
func (c *CSV) Get(column string) (string, bool) {
	i := c.index(column)
	if i < 0 {
		return "", false
	}
	return strings.Clone(c.latest[i]), true
}

// Where is the place of a field of the latest row; of a column that is not there,
// the row's beginning.
func (c *CSV) Where(column string) diag.Range {
	i := c.index(column)
	if i < 0 || i >= len(c.latest) {
		at := diag.Position{Line: c.Line(), Column: 1}
		return diag.Range{File: c.path, Start: at, End: at}
	}
	line, first := c.fields.FieldPos(i)
	line += c.skip
	return diag.Range{File: c.path, Start: diag.Position{Line: line, Column: first}, End: diag.Position{Line: line, Column: first + len(c.latest[i])}}
}

func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(field string) bool { return strings.TrimSpace(field) != "" })
}

func separatorName(r rune) string {
	switch r {
	case ',':
		return "comma"
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	}
	return fmt.Sprintf("%q", string(r))
}

// dialect is how a file is written.
type dialect struct {
	separator       rune
	carriageReturns bool // lines end in CR alone
	prologue        int  // bytes before the names of columns
	prologueLines   int
}

// dialectOf looks at the beginning of a file.
func dialectOf(head string, lookedFor []string) dialect {
	d := dialect{separator: ','}
	first, ending := firstLine(head)
	d.carriageReturns = ending == "\r"
	// "sep=;" is what spreadsheets write for one another.
	if said, ok := strings.CutPrefix(strings.ToLower(strings.Trim(strings.TrimSpace(first), `"`)), "sep="); ok && ending != "" {
		d.prologue, d.prologueLines = len(first)+len(ending), 1
		if r, size := utf8.DecodeRuneInString(said); size > 0 && size == len(said) && slices.Contains(separators, r) {
			d.separator = r
			return d
		}
		if strings.Contains(first, "\t") {
			d.separator = '\t'
			return d
		}
		first, _ = firstLine(head[d.prologue:])
	}
	best := [2]int{-1, -1}
	for _, separator := range separators {
		names := unquoted(first, separator)
		score := [2]int{0, len(names)}
		for _, name := range names {
			if slices.ContainsFunc(lookedFor, func(column string) bool { return strings.EqualFold(column, name) }) {
				score[0]++
			}
		}
		if slices.Compare(score[:], best[:]) > 0 {
			d.separator, best = separator, score
		}
	}
	return d
}

// firstLine is the first line that is not empty of a text, with what stands before
// it, and how it ends. A line break between quotes does not end it.
func firstLine(text string) (line, ending string) {
	within, begun := false, false
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			within, begun = !within, true
		case '\r', '\n':
			if within || !begun {
				continue
			}
			ending = text[i : i+1]
			if strings.HasPrefix(text[i:], "\r\n") {
				ending = "\r\n"
			}
			return text[:i], ending
		default:
			begun = true
		}
	}
	return text, ""
}

// unquoted cuts a line at a separator that does not stand between quotes.
func unquoted(line string, separator rune) []string {
	var names []string
	within, start := false, 0
	add := func(end int) {
		names = append(names, strings.TrimSpace(strings.Trim(strings.TrimSpace(line[start:end]), `"`)))
	}
	for i, r := range line {
		switch {
		case r == '"':
			within = !within
		case r == separator && !within:
			add(i)
			start = i + utf8.RuneLen(r)
		}
	}
	add(len(line))
	return names
}

// newlines makes every CR a LF.
type newlines struct{ from io.Reader }

func (n newlines) Read(p []byte) (int, error) {
	count, err := n.from.Read(p)
	for i, b := range p[:count] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return count, err
}

var errLong = errors.New("the row is too long")

// bounded gives no more than left bytes until it is set anew.
type bounded struct {
	from io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
