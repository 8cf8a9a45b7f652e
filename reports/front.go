package reports

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// frontPoint is a model between alignment and fidelity.
type frontPoint struct {
	name     string
	model    string
	baseline bool
	good     Cell // share
	fid      Cell
}

// writeFront plots the share of good images against FID, with both intervals:
// better is up and to the left.
func writeFront(w io.Writer, input Input) (bool, error) {
	points := frontPoints(input)
	if len(points) == 0 {
		return false, nil
	}
	p := newPlot("Alignment against fidelity (better: up and left)", "FID", "good images, %")
	below := labelBelow(points)
	for i, point := range points {
		at := plotter.XY{X: *point.fid.Value, Y: 100 * *point.good.Value}
		ink := colorOf(i)
		for _, bar := range []struct {
			cell Cell
			ends func(low, high float64) plotter.XYs
		}{
			{point.fid, func(low, high float64) plotter.XYs { return plotter.XYs{{X: low, Y: at.Y}, {X: high, Y: at.Y}} }},
			{point.good, func(low, high float64) plotter.XYs {
				return plotter.XYs{{X: at.X, Y: 100 * low}, {X: at.X, Y: 100 * high}}
			}},
		} {
			if bar.cell.Low == nil {
				continue
			}
			line, err := plotter.NewLine(bar.ends(*bar.cell.Low, *bar.cell.High))
			if err != nil {
				return false, fmt.Errorf("plot %s: %w", point.name, err)
			}
			line.Color, line.Width = ink, vg.Points(1)
			p.Add(line)
		}
		scatter, err := plotter.NewScatter(plotter.XYs{at})
		if err != nil {
			return false, fmt.Errorf("plot %s: %w", point.name, err)
		}
		scatter.Color, scatter.Radius, scatter.Shape = ink, vg.Points(4), draw.CircleGlyph{}
		name := point.name
		if point.baseline {
			scatter.Shape, scatter.Radius = draw.BoxGlyph{}, vg.Points(4)
			name += " (baseline)"
		}
		p.Add(scatter)
		labels, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{at}, Labels: []string{name}})
		if err != nil {
			return false, fmt.Errorf("plot %s: %w", point.name, err)
		}
		labels.TextStyle[0].Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(9.5)}
		labels.TextStyle[0].Color = color.RGBA{40, 40, 40, 255}
		labels.Offset = vg.Point{X: vg.Points(6), Y: vg.Points(5)}
		if below[i] {
			labels.Offset.Y = vg.Points(-13)
		}
		p.Add(labels)
	}
	// Labels stand to the right of their points: leave them room.
	room := (p.X.Max - p.X.Min) * 0.22
	if room == 0 {
		room = 1
	}
	p.X.Max += room
	p.X.Min -= room / 6
	if p.Y.Max == p.Y.Min {
		p.Y.Min, p.Y.Max = p.Y.Min-5, p.Y.Max+5
	}
	frame := (p.Y.Max - p.Y.Min) * 0.08
	p.Y.Min, p.Y.Max = max(0, p.Y.Min-frame), min(100, p.Y.Max+frame)
	return true, writePanels(w, []*plot.Plot{p}, 1, 6.4*vg.Inch, 4.6*vg.Inch)
}

// frontPoints lists the models that have both numbers; of an ablation each
// model under each variant, over its seeds.
func frontPoints(input Input) []frontPoint {
	variants := variantsOf(input)
	groups := groupsOf(input.Run, variants)
	var points []frontPoint
	for _, g := range groups {
		for _, e := range g.seeds[0].evaluations {
			c := comparison{groups: []group{g}, evaluation: e.name}
			for _, model := range e.models {
				var t Table // its notes are not shown in a plot
				good := c.overSeeds(&t, g, wanted{name: "good_share", subject: model, by: "*"})
				fid := c.overSeeds(&t, g, wanted{name: "fid", subject: model, versus: "*", by: "*"})
				if good.Value == nil || fid.Value == nil {
					continue
				}
				point := frontPoint{name: model, baseline: model == e.baseline(), good: good, fid: fid}
				same := func(p frontPoint) bool {
					return p.model == model && *p.good.Value == *good.Value && *p.fid.Value == *fid.Value
				}
				if slices.ContainsFunc(points, same) {
					continue // no variant touches it
				}
				point.model = model
				if len(groups) > 1 && !point.baseline {
					point.name += " (" + g.label + ")"
				}
				points = append(points, point)
			}
		}
	}
	return points
}

// labelBelow reports for every point whether its label would run into that of a
// point just above it, so that it has to stand below its point.
func labelBelow(points []frontPoint) []bool {
	var minX, maxX, minY, maxY float64
	for i, p := range points {
		x, y := *p.fid.Value, *p.good.Value
		if i == 0 {
			minX, maxX, minY, maxY = x, x, y, y
		}
		minX, maxX, minY, maxY = min(minX, x), max(maxX, x), min(minY, y), max(maxY, y)
	}
	below := make([]bool, len(points))
	for i, p := range points {
		for j, other := range points {
			dx, dy := *other.fid.Value-*p.fid.Value, *other.good.Value-*p.good.Value
			higher := dy > 0 || (dy == 0 && j < i)
			if i != j && higher && math.Abs(dx) < 0.4*(maxX-minX) && dy < 0.15*(maxY-minY) {
				below[i] = true
			}
		}
	}
	return below
}
