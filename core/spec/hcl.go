package spec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
)

// FromHCL converts diagnostics of the hcl library.
func FromHCL(diagnostics hcl.Diagnostics) diag.List {
	var list diag.List
	for _, d := range diagnostics {
		converted := diag.Diagnostic{Summary: d.Summary, Detail: d.Detail}
		if match := labels.FindStringSubmatch(d.Detail); match != nil {
			var names []string
			for _, name := range strings.Split(match[2], ", ") {
				names = append(names, strconv.Quote(strings.ToUpper(name)))
			}
			converted.Summary = "Missing name"
			converted.Detail = fmt.Sprintf("This block is written %s %s { ... }.", match[1], strings.Join(names, " "))
		}
		if d.Severity == hcl.DiagWarning {
			converted.Severity = diag.Warning
		}
		if d.Subject != nil {
			converted.Subject = FromRange(*d.Subject)
		}
		if d.Context != nil {
			converted.Context = FromRange(*d.Context)
		}
		list = append(list, converted)
	}
	return list
}

// labels is how the hcl library says that a block has too few.
var labels = regexp.MustCompile(`^All (\S+) blocks must have \d+ labels \((.*)\)\.$`)

// FromRange converts a range of the hcl library.
func FromRange(r hcl.Range) diag.Range {
	return diag.Range{
		File:  r.Filename,
		Start: diag.Position{Line: r.Start.Line, Column: r.Start.Column, Byte: r.Start.Byte},
		End:   diag.Position{Line: r.End.Line, Column: r.End.Column, Byte: r.End.Byte},
	}
}
