package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReported: every kind of file in a line, figures by their names, the first of many.
func TestReported(t *testing.T) {
	names := []string{"index.html", "tables.md", "tables.csv", "tables.tex", "figures.tex", "results.json"}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		names = append(names, filepath.Join("figures", name+".svg"), filepath.Join("figures", name+".pdf"), filepath.Join("figures", "half", name+".pdf"))
	}
	want := []reportLine{
		{"page", "index.html"}, {"tables", "tables.md, tables.tex, tables.csv"}, {"numbers", "results.json"},
		{"figures", filepath.Join("figures", "*.{svg,pdf,png}") + ": a, b, c, d, e, 3 more"}, {"LaTeX", "figures.tex"},
	}
	if diff := cmp.Diff(want, reported(names), cmp.AllowUnexported(reportLine{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]reportLine{{"page", "index.html"}}, reported([]string{"index.html"}), cmp.AllowUnexported(reportLine{})); diff != "" {
		t.Error(diff)
	}
}
