package diag

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func TestErr(t *testing.T) {
	warnings := List{{Severity: Warning, Summary: "Odd"}}
	if err := warnings.Err(); err != nil {
		t.Errorf("warnings alone are an error: %v", err)
	}
	err := append(warnings, Diagnostic{Summary: "Wrong", Detail: "Do it right."}).Err()
	if want := "Odd\nWrong: Do it right."; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSorted(t *testing.T) {
	at := func(file string, offset int) Range { return Range{File: file, Start: Position{Byte: offset}} }
	list := List{
		{Summary: "d", Subject: at("b", 1)},
		{Summary: "c", Subject: at("a", 10)},
		{Summary: "b", Subject: at("a", 9)},
		{Summary: "b", Subject: at("a", 9)},
		{Summary: "a"},
	}
	var got []string
	for _, d := range list.Sorted() {
		got = append(got, d.Summary)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, got); diff != "" {
		t.Error(diff)
	}
	if list[0].Summary != "d" {
		t.Error("Sorted changed its receiver")
	}
}

func TestFromHCL(t *testing.T) {
	_, diagnostics := hclsyntax.ParseConfig([]byte("a = 1\nb = = 2\n"), "x.hcl", hcl.InitialPos)
	list := FromHCL(diagnostics)
	if len(list) != 1 || list[0].Severity != Error || list[0].Summary != "Invalid expression" {
		t.Fatalf("got %+v", list)
	}
	want := Range{File: "x.hcl", Start: Position{Line: 2, Column: 5, Byte: 10}, End: Position{Line: 2, Column: 6, Byte: 11}}
	if diff := cmp.Diff(want, list[0].Subject); diff != "" {
		t.Error(diff)
	}
	warning := FromHCL(hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: "Odd"}})
	if diff := cmp.Diff(List{{Severity: Warning, Summary: "Odd"}}, warning); diff != "" {
		t.Error(diff)
	}
}
