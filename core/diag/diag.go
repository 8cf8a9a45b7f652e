// Package diag holds diagnostics: what is wrong, where, and the way out.
//
// A user's mistake is a Diagnostic, never a bare error, and all mistakes are
// reported at once. Errors of the machine (a full disk, a crashed plugin)
// become diagnostics at the place that knows what the user can do about them.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether work can go on.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes a severity as its name, so that JSON readers need no table.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (s *Severity) UnmarshalText(text []byte) error {
	switch string(text) {
	case "error":
		*s = Error
	case "warning":
		*s = Warning
	default:
		return fmt.Errorf("unknown severity %q", text)
	}
	return nil
}

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
	Summary  string   `json:"summary"`          // a short sentence without a full stop
	Detail   string   `json:"detail,omitzero"`  // what to do about it, in sentences
	Subject  Range    `json:"subject,omitzero"` // the words that are wrong
	Context  Range    `json:"context,omitzero"` // the block around them; may be zero
}

// List is several diagnostics. As an error it prints them all.
type List []Diagnostic

// Errorf returns a list of one error. at is what is wrong, the zero Range for
// nothing in a file; detail is a format for arguments, summary is not.
func Errorf(at Range, summary, detail string, arguments ...any) List {
	var l List
	l.Errorf(at, summary, detail, arguments...)
	return l
}

// Errorf appends an error: see the function Errorf.
func (l *List) Errorf(at Range, summary, detail string, arguments ...any) {
	*l = append(*l, Diagnostic{Severity: Error, Summary: summary, Detail: fmt.Sprintf(detail, arguments...), Subject: at})
}

// Warningf appends a warning, of the same arguments as Errorf.
func (l *List) Warningf(at Range, summary, detail string, arguments ...any) {
	*l = append(*l, Diagnostic{Severity: Warning, Summary: summary, Detail: fmt.Sprintf(detail, arguments...), Subject: at})
}

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

// Sorted returns the list in reading order: by file, then by place, findings
// without a place first. The same finding at the same place is kept once.
func (l List) Sorted() List {
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Subject.File, b.Subject.File),
			cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Summary, b.Summary),
			cmp.Compare(a.Detail, b.Detail),
		)
	})
	return slices.Compact(sorted)
}
