package diag

import (
	"github.com/hashicorp/hcl/v2"
)

// FromHCL converts diagnostics of the hcl library.
func FromHCL(diagnostics hcl.Diagnostics) List {
	var list List
	for _, d := range diagnostics {
		converted := Diagnostic{Summary: d.Summary, Detail: d.Detail}
		if d.Severity == hcl.DiagWarning {
			converted.Severity = Warning
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

// FromRange converts a range of the hcl library.
func FromRange(r hcl.Range) Range {
	return Range{
		File:  r.Filename,
		Start: Position{Line: r.Start.Line, Column: r.Start.Column, Byte: r.Start.Byte},
		End:   Position{Line: r.End.Line, Column: r.End.Column, Byte: r.End.Byte},
	}
}
