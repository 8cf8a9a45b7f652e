package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/plumb-ml/plumb/core/wordwrap"
)

// seconds prints a time for people, in at most seven columns.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case s < 0.0995:
		return "<0.1s"
	case s < 9.95:
		return fmt.Sprintf("%.1fs", s)
	case s < 59.5:
		return fmt.Sprintf("%.0fs", s)
	case d.Round(time.Second) < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 100*time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24+0.5))
}

// byteSize prints a size for people.
func byteSize(n int64) string { return humanize.IBytesN(uint64(n), 3) }

// rate prints items per second.
func rate(items, seconds float64) string {
	if seconds <= 0 || items <= 0 {
		return ""
	}
	switch r := items / seconds; {
	case r >= 10:
		return fmt.Sprintf("%.0f/s", r)
	case r >= 0.1:
		return fmt.Sprintf("%.2g/s", r)
	default:
		return fmt.Sprintf("%.2g/min", r*60)
	}
}

// plural counts things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// writeJSON prints a value as JSON, for programs.
func (p *program) writeJSON(value any) error {
	encoder := json.NewEncoder(p.raw)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// pad fills a text up to a width, and leaves a wider one whole.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// fit pads or cuts text to a width, the cut in the middle where names differ least.
func fit(text string, width int) string {
	n := utf8.RuneCountInString(text)
	if n <= width {
		return text + strings.Repeat(" ", width-n)
	}
	runes := []rune(text)
	head := (width - 1) / 2
	tail := width - 1 - head
	return string(runes[:head]) + "…" + string(runes[n-tail:])
}

// indent wraps text to a width, every line behind a margin. Words that are
// wider than a line are broken, after a comma if there is one.
func indent(text string, margin, width int) string {
	lines := wordwrap.Broken(text, max(width-margin, 20))
	return strings.Join(lines, "\n"+strings.Repeat(" ", margin))
}
