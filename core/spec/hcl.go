package spec

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

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

// BlockAt names the top-level block of an experiment or ablation around a byte,
// such as `labels "human"`, as diag.TextOptions asks for it; "" if there is none.
func BlockAt(name string, text []byte, offset int) string {
	if len(text) == 0 || path.Ext(name) != ".hcl" && !strings.HasSuffix(name, ".json") {
		return ""
	}
	// The parsers' own complaints are not of interest: both return what they
	// understood of a broken file.
	var file *hcl.File
	if strings.HasSuffix(name, ".json") {
		file, _ = json.Parse(text, name)
	} else {
		file, _ = hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	}
	if file == nil || file.Nav == nil {
		return ""
	}
	return hcled.ContextString(file, offset)
}
