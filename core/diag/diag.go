// Package diag holds diagnostics: what is wrong, where, and the way out.
//
// A user's mistake is a Diagnostic, never a bare error, and all mistakes are
// reported at once. Errors of the machine (a full disk, a crashed plugin)
// become diagnostics at the place that knows what the user can do about them.
package diag

import "strings"

// Severity says whether work can go on.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
)

// Position is a place in a file. Line and Column count from 1, Byte from 0.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Range is a stretch of a file. The zero Range means: no place in a file.
type Range struct {
	File  string   `json:"file"`
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// IsZero reports whether the range names no place.
func (r Range) IsZero() bool { return r.File == "" }

// Diagnostic is one finding.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Summary  string   `json:"summary"` // a short sentence without a full stop
	Detail   string   `json:"detail"`  // what to do about it, in sentences
	Subject  Range    `json:"subject"` // the words that are wrong
	Context  Range    `json:"context"` // the block around them; may be zero
}

// List is several diagnostics. As an error it prints them all.
type List []Diagnostic

// HasErrors reports whether one of the diagnostics is an error.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Err returns the list as an error, or nil if it has no errors.
func (l List) Err() error {
	if l.HasErrors() {
		return l
	}
	return nil
}

func (l List) Error() string {
	var lines []string
	for _, d := range l {
		line := d.Summary
		if d.Detail != "" {
			line += ": " + d.Detail
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
