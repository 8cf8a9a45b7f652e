package reports

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// writePNG plots the share of good images against FID, with both intervals:
// better is up and to the left, and no model is expected to pass the line of real
// images.
func (f Front) writePNG(w io.Writer) error {
	p := newPlot("Alignment against fidelity (better: up and left)", "FID ("+f.Bars+")", "good images, %")
	below := f.labelBelow()
	for i, point := range f.Points {
		at := plotter.XY{X: *point.FID.Value, Y: 100 * *point.Good.Value}
		ink := colorOf(i)
		for _, bar := range []struct {
			cell Cell
			ends func(low, high float64) plotter.XYs
		}{
			{point.FID, func(low, high float64) plotter.XYs { return plotter.XYs{{X: low, Y: at.Y}, {X: high, Y: at.Y}} }},
			{point.Good, func(low, high float64) plotter.XYs {
				return plotter.XYs{{X: at.X, Y: 100 * low}, {X: at.X, Y: 100 * high}}
			}},
		} {
			if bar.cell.Low == nil {
				continue
			}
			line, err := plotter.NewLine(bar.ends(*bar.cell.Low, *bar.cell.High))
			if err != nil {
				return fmt.Errorf("plot %s: %w", point.Name, err)
			}
			line.Color, line.Width = ink, vg.Points(1)
			p.Add(line)
		}
		scatter, err := plotter.NewScatter(plotter.XYs{at})
		if err != nil {
			return fmt.Errorf("plot %s: %w", point.Name, err)
		}
		scatter.Color, scatter.Radius, scatter.Shape = ink, vg.Points(4), draw.CircleGlyph{}
		name := point.Name
		if point.Baseline {
			scatter.Shape, scatter.Radius = draw.BoxGlyph{}, vg.Points(4)
			name += " (baseline)"
		}
		p.Add(scatter)
		labels, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{at}, Labels: []string{name}})
		if err != nil {
			return fmt.Errorf("plot %s: %w", point.Name, err)
		}
		labels.TextStyle[0].Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(9.5)}
		labels.TextStyle[0].Color = color.RGBA{40, 40, 40, 255}
		labels.Offset = vg.Point{X: vg.Points(6), Y: vg.Points(5)}
		if below[i] {
			labels.Offset.Y = vg.Points(-13)
		}
		p.Add(labels)
	}
	if err := f.addFloor(p); err != nil {
		return err
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
	return writePanels(w, []*plot.Plot{p}, 1, 6.4*vg.Inch, 4.6*vg.Inch)
}

// addFloor draws the FID of real images as a vertical line.
func (f Front) addFloor(p *plot.Plot) error {
	if f.Floor == nil {
		return nil
	}
	line, err := plotter.NewLine(plotter.XYs{{X: *f.Floor, Y: p.Y.Min}, {X: *f.Floor, Y: p.Y.Max}})
	if err != nil {
		return fmt.Errorf("plot the floor: %w", err)
	}
	line.Color, line.Width, line.Dashes = color.Gray{110}, vg.Points(1), []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(line)
	p.Legend.Add(otherDraws, line)
	p.Legend.Top = true
	return nil
}

// labelBelow reports for every point whether its label would run into that of a
// point just above it, so that it has to stand below its point.
func (f Front) labelBelow() []bool {
	var minX, maxX, minY, maxY float64
	for i, p := range f.Points {
		x, y := *p.FID.Value, *p.Good.Value
		if i == 0 {
			minX, maxX, minY, maxY = x, x, y, y
		}
		minX, maxX, minY, maxY = min(minX, x), max(maxX, x), min(minY, y), max(maxY, y)
	}
	below := make([]bool, len(f.Points))
	for i, p := range f.Points {
		for j, other := range f.Points {
			dx, dy := *other.FID.Value-*p.FID.Value, *other.Good.Value-*p.Good.Value
			higher := dy > 0 || (dy == 0 && j < i)
			if i != j && higher && math.Abs(dx) < 0.4*(maxX-minX) && dy < 0.15*(maxY-minY) {
				below[i] = true
			}
		}
	}
	return below
}
