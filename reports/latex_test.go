package reports

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// LaTeX takes the tables, and none is wider than the text of NeurIPS, in Computer Modern,
// which is wider than the Times of that format.
func TestLaTeXFits(t *testing.T) {
	latex, err := exec.LookPath("pdflatex")
	if err != nil {
		t.Skip("pdflatex is not on the PATH, so that nothing is set (texlive-latex-recommended)")
	}
	overfull := regexp.MustCompile(`(?m)^Overfull \\hbox.*$`)
	for name, input := range map[string]Input{
		"experiment": syntheticExperiment(t).input(), "ablation": syntheticAblation(t).input(), "wide": wideLaTeX(t),
	} {
		t.Run(name, func(t *testing.T) {
			var tables bytes.Buffer
			if err := writeLaTeX(&tables, Build(input)); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			document := "\\documentclass{article}\n\\usepackage[letterpaper,textwidth=5.5in,textheight=9in]{geometry}\n" +
				"\\usepackage{booktabs,array}\n\\begin{document}\n\\extrafloats{100}\n" +
				strings.ReplaceAll(tables.String(), "\\end{table}", "\\end{table}\\clearpage") + "\n\\end{document}\n"
			if err := os.WriteFile(filepath.Join(dir, "paper.tex"), []byte(document), 0o644); err != nil {
				t.Fatal(err)
			}
			command := exec.Command(latex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex")
			command.Dir = dir
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			log, err := os.ReadFile(filepath.Join(dir, "paper.log"))
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range overfull.FindAllString(string(log), -1) {
				t.Error(line)
			}
		})
	}
}

// wideLaTeX is an experiment with many and long names.
func wideLaTeX(t *testing.T) Input {
	input := syntheticExperiment(t).input()
	for _, made := range input.Records {
		for i := range made.Metrics {
			m := &made.Metrics[i]
			if m.Subject == "full" {
				m.Subject = "a_model_of_a_very_long_name_indeed_and_more"
			}
		}
	}
	return input
}

func TestLaTeXBold(t *testing.T) {
	text := func(t Table) string {
		var b bytes.Buffer
		addLaTeX(&b, t)
		return b.String()
	}
	number := Column{Key: ColumnKey{Field: FieldNumber, Metric: "x"}, Title: "x"}
	model := wordColumn(FieldSubject, "model")
	row := func(name string, difference, p float64) Row {
		r := Row{Subject: name}
		r.put(model, Cell{Text: name})
		low, high := difference-1, difference+1
		r.put(number, Cell{Value: &difference, Low: &low, High: &high, Unit: "points", Comparison: &Comparison{Difference: &difference, Low: &low, High: &high, P: &p}})
		return r
	}
	table := Table{ID: "x", Title: "X", Columns: []Column{model, number}, Rows: []Row{row("a", 5, 0.01), row("b", 7, 0.01), row("c", 9, 0.2)}}
	got := text(table)
	if !strings.Contains(got, `b & $\mathbf{+7.0}_{\pm 1.0}$`) || strings.Count(got, "mathbf") != 1 {
		t.Errorf("b alone is the best that is distinguishable:\n%s", got)
	}
	table.Rows = table.Rows[2:]
	if got = text(table); strings.Contains(got, "mathbf") || strings.Contains(got, "Bold") {
		t.Errorf("nothing is distinguishable:\n%s", got)
	}
}
