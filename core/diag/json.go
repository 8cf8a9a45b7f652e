package diag

import (
	"encoding/json"
	"io"

	"github.com/plumb-ml/plumb/core/visible"
)

// WriteJSON writes the list as one JSON object, for editors and scripts:
//
//	{"valid": false, "errors": 1, "warnings": 0, "diagnostics": [{"severity": "error", ...}]}
//
// The diagnostics are always a list, never null.
func WriteJSON(w io.Writer, list List) error {
	document := struct {
		Valid       bool `json:"valid"`
		Errors      int  `json:"errors"`
		Warnings    int  `json:"warnings"`
		Diagnostics List `json:"diagnostics"`
	}{Valid: !list.HasErrors()}
	document.Diagnostics = List{}
	for _, d := range list {
		d.Summary, d.Detail = visible.Brief(d.Summary, longestName), visible.Brief(d.Detail, 10*longestLine)
		document.Diagnostics = append(document.Diagnostics, d)
		if d.Severity == Warning {
			document.Warnings++
		} else {
			document.Errors++
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
