package spec

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/plumb-ml/plumb/core/diag"
)

func TestFromHCL(t *testing.T) {
	_, diagnostics := hclsyntax.ParseConfig([]byte("a = 1\nb = = 2\n"), "x.hcl", hcl.InitialPos)
	list := FromHCL(diagnostics)
	if len(list) != 1 || list[0].Severity != diag.Error || list[0].Summary != "Invalid expression" {
		t.Fatalf("got %+v", list)
	}
	want := diag.Range{File: "x.hcl", Start: diag.Position{Line: 2, Column: 5, Byte: 10}, End: diag.Position{Line: 2, Column: 6, Byte: 11}}
	if diff := cmp.Diff(want, list[0].Subject); diff != "" {
		t.Error(diff)
	}
	warning := FromHCL(hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: "Odd"}})
	if diff := cmp.Diff(diag.List{{Severity: diag.Warning, Summary: "Odd"}}, warning); diff != "" {
		t.Error(diff)
	}
}
