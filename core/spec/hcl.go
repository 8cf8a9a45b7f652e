package spec

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/diag"
)

// FromHCL converts diagnostics of the hcl library.
func FromHCL(diagnostics hcl.Diagnostics) diag.List {
	var list diag.List
	for _, d := range diagnostics {
		converted := diag.Diagnostic{Summary: d.Summary, Detail: d.Detail}
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

// FromRange converts a range of the hcl library.
func FromRange(r hcl.Range) diag.Range {
	return diag.Range{
		File:  r.Filename,
		Start: diag.Position{Line: r.Start.Line, Column: r.Start.Column, Byte: r.Start.Byte},
		End:   diag.Position{Line: r.End.Line, Column: r.End.Column, Byte: r.End.Byte},
	}
}
