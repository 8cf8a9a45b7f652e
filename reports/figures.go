package reports

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/plugins/sdk/atomicfile"
	"github.com/plumb-ml/plumb/reports/figure"
)

// The folders of a report's figures: as wide as the text of a paper, and half as wide.
const (
	figuresDir = "figures"
	halfDir    = "half"
)

// mostFigures bounds how many figures a report has.
const mostFigures = 48

// figuresOf are the figures of a run: what came out first, then how.
func figuresOf(ctx context.Context, input Input, variants []variant, grids []*imageGrid) ([]figure.Figure, error) {
	var all []figure.Figure
	evaluations := evaluationsAcross(input.Run, variants)
	of := func(f figure.Figure, evaluation string) {
		if len(evaluations) > 1 && evaluation != "" {
			f.Name += "-" + evaluation
			f.Title += " (" + evaluation + ")"
			f.Caption = "Evaluation " + evaluation + ". " + f.Caption
		}
		all = append(all, f)
	}
	for _, c := range evaluations {
		if front, ok := frontFigure(c); ok {
			of(front, c.evaluation)
		}
		for _, f := range comparedFigures(input.Run, c) {
			of(f, c.evaluation)
		}
		if f, ok := preferenceFigure(c); ok {
			of(f, c.evaluation)
		}
		if f, ok := reliabilityFigure(c); ok {
			of(f, c.evaluation)
		}
	}
	all = append(all, checkpointFigures(variants)...)
	curves, err := curvesOf(ctx, input, variants)
	if err != nil {
		return nil, err
	}
	all = append(all, curves...)
	for _, g := range grids {
		of(g.figure(), g.evaluation)
	}
	if left := len(all) - mostFigures; left > 0 {
		all = all[:mostFigures]
		all[mostFigures-1].Caption += fmt.Sprintf(" %s not drawn; the tables have their numbers.", countOf(left, "more figure")+areOrIs(left))
	}
	names := map[string]bool{}
	for i := range all {
		name := fileName(all[i].Name)
		for n := 2; names[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s-%d", fileName(all[i].Name), n)
		}
		names[strings.ToLower(name)] = true
		all[i].Name = name
		for _, left := range all[i].Lay(figure.Layout{Width: figure.FullWidth}).Left {
			all[i].Caption += " " + left
		}
	}
	return all, nil
}

func areOrIs(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

// fileName is a name of letters, digits and signs that every file system and LaTeX take.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '-'
	}, name)
	if len(name) > 100 {
		name = name[:100]
	}
	return name
}

// figureFile is a figure in one of its forms.
type figureFile struct {
	name   string // in the report's folder
	format string
	half   bool
}

func filesOf(f figure.Figure) []figureFile {
	all := []figureFile{}
	for _, format := range []string{"svg", "pdf", "png"} {
		all = append(all, figureFile{filepath.Join(figuresDir, f.Name+"."+format), format, false})
	}
	if f.Images == nil { // half as wide, its images show nothing
		all = append(all, figureFile{filepath.Join(figuresDir, halfDir, f.Name+".pdf"), "pdf", true})
	}
	return all
}

// writeFigures draws all figures, and then writes their files in a report's folder; files
// of figures that there are no more are removed. It returns what it wrote.
func writeFigures(ctx context.Context, dir string, figures []figure.Figure) ([]string, error) {
	content := map[string][]byte{}
	var names []string
	for _, f := range figures {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scenes := map[bool]figure.Scene{false: f.Lay(figure.Layout{Width: figure.FullWidth}), true: f.Lay(figure.Layout{Width: figure.HalfWidth})}
		for _, file := range filesOf(f) {
			var b bytes.Buffer
			scene := scenes[file.half]
			err := map[string]func() error{
				"svg": func() error { return scene.WriteSVG(&b, f.Title, f.Caption) },
				"pdf": func() error { return scene.WritePDF(&b, f.Title) },
				"png": func() error { return scene.WritePNG(&b) },
			}[file.format]()
			if err != nil {
				return nil, fmt.Errorf("write %s: %w", file.name, err)
			}
			content[file.name] = b.Bytes()
			names = append(names, file.name)
		}
	}
	for _, folder := range []string{figuresDir, filepath.Join(figuresDir, halfDir)} {
		if len(figures) > 0 {
			if err := os.MkdirAll(filepath.Join(dir, folder), 0o777); err != nil {
				return nil, fmt.Errorf("make the folder of the figures: %w", err)
			}
		}
		if err := sweepFigures(dir, folder, content); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		err := writeFile(filepath.Join(dir, name), func(w io.Writer) (bool, error) {
			_, err := w.Write(content[name])
			return true, err
		})
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
	}
	return names, nil
}

// sweepFigures removes what an earlier report of the run has left in a folder of figures.
func sweepFigures(dir, folder string, wanted map[string][]byte) error {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for earlier figures: %w", err)
	}
	if err := atomicfile.SweepAbandoned(filepath.Join(dir, folder)); err != nil {
		return fmt.Errorf("remove what a killed run left of its figures: %w", err)
	}
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		if _, again := wanted[name]; again || entry.IsDir() || !slices.Contains([]string{".svg", ".pdf", ".png"}, filepath.Ext(name)) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove an earlier figure: %w", err)
		}
	}
	return nil
}

// figuresTeX writes figures to paste, each with its caption and label; nil if there are
// none.
func figuresTeX(r *Report, figures []figure.Figure) func(io.Writer) error {
	if len(figures) == 0 {
		return nil
	}
	return func(w io.Writer) error {
		var b bytes.Buffer
		fmt.Fprintf(&b, "%% %s\n%% Needs \\usepackage{graphicx}; for two beside each other: %s/%s/NAME.pdf\n", oneLine(r.Title), figuresDir, halfDir)
		for _, f := range figures {
			fmt.Fprintf(&b, "\n\\begin{figure}[tbp]\n  \\centering\n  \\includegraphics{%s/%s.pdf}\n  \\caption{%s}\n  \\label{fig:%s}\n\\end{figure}\n", figuresDir, f.Name, escapeLaTeX(f.Caption), f.Name)
		}
		_, err := w.Write(b.Bytes())
		return err
	}
}
