package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// reportLine names files of a report for people.
type reportLine struct{ what, names string }

// reported says in few lines which files a report has.
func reported(names []string) []reportLine {
	var lines []reportLine
	add := func(what string, of ...string) {
		of = slices.DeleteFunc(of, func(name string) bool { return !slices.Contains(names, name) })
		if len(of) > 0 {
			lines = append(lines, reportLine{what, strings.Join(of, ", ")})
		}
	}
	add("page", "index.html")
	add("tables", "tables.md", "tables.tex", "tables.csv")
	add("numbers", "results.json")
	var figures []string
	for _, name := range names {
		if filepath.Dir(name) == "figures" && filepath.Ext(name) == ".svg" {
			figures = append(figures, strings.TrimSuffix(filepath.Base(name), ".svg"))
		}
	}
	if n := len(figures); n > 0 {
		const most = 6
		if n > most {
			figures = append(figures[:most-1], fmt.Sprintf("%d more", n-most+1))
		}
		lines = append(lines, reportLine{"figures", filepath.Join("figures", "*.{svg,pdf,png}") + ": " + strings.Join(figures, ", ")})
		add("LaTeX", "figures.tex")
	}
	return lines
}
