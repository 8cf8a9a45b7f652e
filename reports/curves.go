package reports

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// curvePoints is about how many points of a curve are drawn; noisier ones are
// averaged in bins of equal length.
const curvePoints = 120

// curveNames is how many different lines a panel holds; a legend of more is
// unreadable.
const curveNames = 8

// curvePanel is one loss of one kind of training, a line for each stage. Lines
// of the same name, such as one stage under several seeds, share a colour.
type curvePanel struct {
	title string
	names []string
	lines []curveLine
	left  []string // names that did not fit
}

type curveLine struct {
	name   string
	points plotter.XYs
}

// writeCurves plots the losses of every training: reward fits and fine-tunings
// apart, and each term of an objective apart, since their scales differ.
func writeCurves(ctx context.Context, w io.Writer, input Input) (bool, error) {
	if input.Open == nil {
		return false, nil
	}
	var panels []*curvePanel
	variants := variantsOf(input)
	drawn := map[string]bool{}
	for _, v := range variants {
		for _, s := range v.stages {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			if s.record == nil || drawn[s.Key] {
				continue
			}
			output, ok := s.record.Outputs["curve"]
			if !ok {
				continue
			}
			drawn[s.Key] = true
			path, err := input.Open(output)
			if err != nil {
				return false, fmt.Errorf("open the curve of %s: %w", s.Node, err)
			}
			points, err := table.ReadAll[dataset.CurvePoint](path)
			if err != nil {
				return false, fmt.Errorf("read the curve of %s: %w", s.Node, err)
			}
			kind, name, _ := strings.Cut(s.Node, "/")
			if len(variants) > 1 {
				name += " (" + v.label + ")"
			}
			panels = addCurve(panels, kind, name, points)
		}
	}
	if len(panels) == 0 {
		return false, nil
	}
	var plots []*plot.Plot
	for _, panel := range panels {
		p, err := panel.plot()
		if err != nil {
			return false, err
		}
		plots = append(plots, p)
	}
	return true, writePanels(w, plots, 2, 5.2*vg.Inch, 3.4*vg.Inch)
}

// addCurve adds the losses of one stage to the panels they belong to.
func addCurve(panels []*curvePanel, kind, stage string, points []dataset.CurvePoint) []*curvePanel {
	byName := map[string]plotter.XYs{}
	var names []string
	for _, point := range points {
		isLoss := point.Name == "loss" || strings.HasPrefix(point.Name, "loss/")
		if !isLoss || math.IsNaN(point.Value) || math.IsInf(point.Value, 0) {
			continue
		}
		if byName[point.Name] == nil {
			names = append(names, point.Name)
		}
		byName[point.Name] = append(byName[point.Name], plotter.XY{X: float64(point.Step), Y: point.Value})
	}
	slices.Sort(names)
	titles := map[string]string{"tune": "fine-tuning", "fit": "fitting"}
	for _, name := range names {
		title := titles[kind] + ": " + strings.Replace(name, "loss/", "", 1)
		at := slices.IndexFunc(panels, func(p *curvePanel) bool { return p.title == title })
		if at < 0 {
			at = len(panels)
			panels = append(panels, &curvePanel{title: title})
		}
		panels[at].add(curveLine{stage, binned(byName[name])})
	}
	return panels
}

func (c *curvePanel) add(line curveLine) {
	if !slices.Contains(c.names, line.name) {
		if len(c.names) == curveNames {
			if !slices.Contains(c.left, line.name) {
				c.left = append(c.left, line.name)
			}
			return
		}
		c.names = append(c.names, line.name)
	}
	c.lines = append(c.lines, line)
}

// binned averages a curve over bins of steps.
func binned(points plotter.XYs) plotter.XYs {
	slices.SortStableFunc(points, func(a, b plotter.XY) int {
		switch {
		case a.X < b.X:
			return -1
		case a.X > b.X:
			return 1
		}
		return 0
	})
	size := (len(points) + curvePoints - 1) / curvePoints
	var means plotter.XYs
	for bin := range slices.Chunk(points, max(1, size)) {
		var mean plotter.XY
		for _, point := range bin {
			mean.X += point.X / float64(len(bin))
			mean.Y += point.Y / float64(len(bin))
		}
		means = append(means, mean)
	}
	return means
}

func (c *curvePanel) plot() (*plot.Plot, error) {
	p := newPlot(c.title, "step", "loss")
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	named := map[string]bool{}
	for _, line := range c.lines {
		drawn, err := plotter.NewLine(line.points)
		if err != nil {
			return nil, fmt.Errorf("plot the curve of %s: %w", line.name, err)
		}
		drawn.Color, drawn.Width = colorOf(slices.Index(c.names, line.name)), vg.Points(1.4)
		p.Add(drawn)
		if !named[line.name] {
			p.Legend.Add(line.name, drawn)
			named[line.name] = true
		}
	}
	if len(c.left) > 0 {
		p.Title.Text += fmt.Sprintf(" (%d more not shown)", len(c.left))
	}
	return p, nil
}
