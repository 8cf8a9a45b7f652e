// Package visible shows text that comes from elsewhere (descriptions, labels, HCL,
// what plugins say) in a terminal without letting it act there: escape sequences
// would move the cursor, set the title or hide what follows, and characters that
// turn the direction of writing let one word look like another.
//
// It changes no data: files are written as they are.
package visible

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Text returns the text with every character that a terminal would act on, or not
// show, written as an escape of JSON: \u001b, \u202e. Bytes that are not UTF-8
// become \x9b. Line breaks and tabs stay.
func Text(text string) string {
	if plain(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		write(&b, r, text[:size])
		text = text[size:]
	}
	return b.String()
}

// plain reports whether nothing of a text needs an escape.
func plain(text string) bool {
	for i, r := range text {
		if !shown(r) || r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return false
		}
	}
	return true
}

// shown reports whether a terminal shows a character and does nothing else. The
// two joiners are part of words in Persian and of families of emoji.
func shown(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r == '\n' || r == '\t' || r == nonJoiner || r == joiner || unicode.IsPrint(r) || unicode.Is(unicode.Zs, r)
}

// write writes a character, which stands in the text as raw.
func write(b *strings.Builder, r rune, raw string) {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		fmt.Fprintf(b, `\x%02x`, raw[0])
	case shown(r):
		b.WriteString(raw)
	case r > 0xffff:
		high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
		fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
	default:
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

// styles are the escape sequences that a Writer lets through: those of the
// program's own emphasis.
var styles = []string{"\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m"}

// Writer writes as Text has it. Its user's own bold and colours pass, if it is told so.
// It may be used by several goroutines.
type Writer struct {
	mu     sync.Mutex
	to     io.Writer
	styled func() bool
	held   []byte // the beginning of a character or of a style
}

// NewWriter returns a Writer to another one. styled says whether bold and colours
// are in use; nil means no.
func NewWriter(to io.Writer, styled func() bool) *Writer { return &Writer{to: to, styled: styled} }

// Unwrap returns what the Writer writes to: a terminal, perhaps.
func (w *Writer) Unwrap() io.Writer { return w.to }

// Write never returns less than the length of p but with an error.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := string(append(w.held, p...))
	w.held = nil
	if plain(text) {
		_, err := io.WriteString(w.to, text)
		return len(p), err
	}
	var b strings.Builder
	colours := w.styled != nil && w.styled()
next:
	for len(text) > 0 {
		if colours && text[0] == '\x1b' {
			for _, style := range styles {
				if strings.HasPrefix(text, style) {
					b.WriteString(style)
					text = text[len(style):]
					continue next
				}
				if strings.HasPrefix(style, text) {
					w.held = []byte(text)
					break next
				}
			}
		}
		if !utf8.FullRuneInString(text) {
			w.held = []byte(text)
			break
		}
		r, size := utf8.DecodeRuneInString(text)
		if r == '\r' && strings.HasPrefix(text, "\r\n") {
			b.WriteByte('\r')
		} else {
			write(&b, r, text[:size])
		}
		text = text[size:]
	}
	_, err := io.WriteString(w.to, b.String())
	return len(p), err
}

// Flush writes what was held back in case that more came of it.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := string(w.held)
	w.held = nil
	if held == "" {
		return nil
	}
	_, err := io.WriteString(w.to, Text(held))
	return err
}

// Brief shortens a line of text: long ones keep their beginning and their end, for
// what is to be done stands there. Most is in bytes, and at least 100.
func Brief(text string, most int) string {
	if len(text) <= most {
		return text
	}
	head, tail := most*3/5, most*2/5-40
	for head > 0 && !utf8.RuneStart(text[head]) {
		head--
	}
	from := len(text) - tail
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	return fmt.Sprintf("%s … (%s left out) … %s", text[:head], size(from-head), text[from:])
}

func size(bytes int) string {
	switch {
	case bytes >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	case bytes >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%d bytes", bytes)
}
