package sdk

import (
	"errors"
	"fmt"
	"strings"
)

// Severity says whether work can go on.
type Severity string

// The severities. The zero Severity is read as SeverityError.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Diagnostic is an expected failure: what is wrong, and what the user can do
// about it. A component returns one as its error. Any other error reaches the
// user as well, with its text as the summary.
type Diagnostic struct {
	Severity Severity
	Summary  string // a short sentence without a full stop
	Detail   string // what to do about it, in sentences
}

func (d Diagnostic) Error() string {
	if d.Detail == "" {
		return d.Summary
	}
	return d.Summary + ": " + d.Detail
}

// Diagnostics is several findings. A component that finds several mistakes
// returns them all at once.
type Diagnostics []Diagnostic

// Addf adds an error. The arguments are those of the detail.
func (l *Diagnostics) Addf(summary, detail string, arguments ...any) {
	*l = append(*l, Diagnostic{Severity: SeverityError, Summary: summary, Detail: fmt.Sprintf(detail, arguments...)})
}

// Err is the list as an error; nil if there is nothing in it.
func (l Diagnostics) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

func (l Diagnostics) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Errorf makes a Diagnostic without a detail.
func Errorf(format string, arguments ...any) error {
	return Diagnostic{Severity: SeverityError, Summary: fmt.Sprintf(format, arguments...)}
}

// DiagnosticsOf is what the user is told of an error.
func DiagnosticsOf(err error) Diagnostics {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all Diagnostics
		for _, part := range joined.Unwrap() {
			all = append(all, DiagnosticsOf(part)...)
		}
		return all
	}
	var several Diagnostics
	if errors.As(err, &several) && len(several) > 0 {
		return several
	}
	var one Diagnostic
	if errors.As(err, &one) {
		return Diagnostics{one}
	}
	summary, detail, _ := strings.Cut(err.Error(), "\n")
	return Diagnostics{{Severity: SeverityError, Summary: summary, Detail: detail}}
}
