package spec

import (
	"strings"
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

func TestBlockAt(t *testing.T) {
	source := "seed = 1\nlabels \"human\" {\n  images = images.labelled\n  nested {\n    a = 1\n  }\n}\n"
	for _, test := range []struct {
		file, text, at, want string
	}{
		{"x.hcl", source, "images.labelled", `labels "human"`},
		{"x.hcl", source, "a = 1", `labels "human"`},
		{"x.hcl", source, "seed", ""},
		{"x.hcl", source + "broken {", "images.labelled", `labels "human"`},
		{"x.csv", source, "images.labelled", ""},
		{"x.hcl", "", "", ""},
		{"x.hcl.json", `{"seed": 1, "labels": {"human": {"images": "a"}}}`, "human", "labels"},
	} {
		got := BlockAt(test.file, []byte(test.text), strings.Index(test.text, test.at))
		if got != test.want {
			t.Errorf("%s, %q: in %q, want %q", test.file, test.at, got, test.want)
		}
	}
}
