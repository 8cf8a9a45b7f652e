package reports

import (
	"fmt"
	"io"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// writePNG paints a plot for each panel.
func (c Curves) writePNG(w io.Writer) error {
	var plots []*plot.Plot
	for _, panel := range c {
		p, err := panel.plot()
		if err != nil {
			return err
		}
		plots = append(plots, p)
	}
	return writePanels(w, plots, 2, 5.2*vg.Inch, 3.4*vg.Inch)
}

func (c *CurvePanel) plot() (*plot.Plot, error) {
	p := newPlot(c.Title, "step", "loss")
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	named := map[string]bool{}
	for _, line := range c.Lines {
		drawn, err := plotter.NewLine(xys(line.Points))
		if err != nil {
			return nil, fmt.Errorf("plot the curve of %s: %w", line.Name, err)
		}
		drawn.Color, drawn.Width = colorOf(slices.Index(c.Names, line.Name)), vg.Points(1.4)
		p.Add(drawn)
		if !named[line.Name] {
			p.Legend.Add(line.Name, drawn)
			named[line.Name] = true
		}
	}
	if len(c.Left) > 0 {
		p.Title.Text += fmt.Sprintf(" (%d more not shown)", len(c.Left))
	}
	return p, nil
}

func xys(points []Point) plotter.XYs {
	all := make(plotter.XYs, len(points))
	for i, p := range points {
		all[i] = plotter.XY{X: p.X, Y: p.Y}
	}
	return all
}
