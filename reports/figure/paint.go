package figure

import (
	"image/color"

	"gonum.org/v1/plot/vg"
)

// Widths of lines in points.
const (
	mainLine = 1.3
	thinLine = 0.55
	hairline = 0.4
	frame    = 0.6
	barLine  = 0.9
)

var (
	ink   = color.NRGBA{25, 25, 25, 255}
	faint = color.NRGBA{70, 70, 70, 255}
	pale  = color.NRGBA{226, 226, 226, 255}
)

// faded is a colour that lets through what is behind it.
func faded(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

// painter paints a scene on a canvas of gonum's, whose origin is the lower left corner.
type painter struct {
	vg.Canvas
	height float64
}

// paint paints all of a scene.
func paint(s Scene, canvas vg.Canvas) {
	p := painter{canvas, s.Height}
	if sheet, in := s.sheet(); sheet != nil {
		at := p.at(XY{in.X, in.Y + in.Height})
		p.DrawImage(vg.Rectangle{Min: at, Max: at.Add(vg.Point{X: vg.Length(in.Width), Y: vg.Length(in.Height)})}, sheet)
	}
	for _, b := range s.Bands {
		p.SetColor(faded(colorOf(b.Style), 38))
		p.Fill(p.polygon(b.Corners))
	}
	for _, stroke := range s.Strokes {
		p.stroke(stroke)
	}
	for _, m := range s.Marks {
		p.mark(m)
	}
	for _, t := range s.Texts {
		p.text(t)
	}
}

func (p painter) at(place XY) vg.Point {
	return vg.Point{X: vg.Length(place.X), Y: vg.Length(p.height - place.Y)}
}

func (p painter) path(points []XY) vg.Path {
	var path vg.Path
	for i, point := range points {
		if i == 0 {
			path.Move(p.at(point))
			continue
		}
		path.Line(p.at(point))
	}
	return path
}

func (p painter) polygon(corners []XY) vg.Path {
	path := p.path(corners)
	path.Close()
	return path
}

func (p painter) stroke(s Stroke) {
	ink, width := ink, frame
	switch s.Role {
	case RoleGrid:
		ink, width = pale, hairline
	case RoleLeader:
		ink, width = faint, hairline
	case RoleRule:
		ink, width = colorOf(s.Style), 1
	case RoleLine:
		ink = colorOf(s.Style)
		switch s.Weight {
		case Main:
			width = mainLine
		case Thin:
			ink, width = faded(ink, 170), thinLine
		case Raw:
			ink, width = faded(ink, 70), hairline
		}
	}
	p.SetColor(ink)
	p.SetLineWidth(vg.Length(width))
	var dash []vg.Length
	for _, length := range s.Dash {
		dash = append(dash, vg.Length(length))
	}
	p.SetLineDash(dash, 0)
	p.Stroke(p.path(s.Points))
}

func (p painter) mark(m Mark) {
	ink := colorOf(m.Style)
	p.SetLineDash(nil, 0)
	p.SetLineWidth(barLine)
	p.SetColor(ink)
	for _, bar := range m.Bars {
		p.Stroke(p.path(bar[:]))
	}
	if m.Ring {
		p.SetLineWidth(frame)
		p.Stroke(p.circle(m.At, ring*m.Radius))
	}
	var path vg.Path
	if corners := m.Corners(); corners != nil {
		path = p.polygon(corners)
	} else {
		path = p.circle(m.At, m.Radius)
	}
	switch {
	case m.Small:
		p.SetColor(faded(ink, 140))
		p.Fill(path)
	case m.Marker.Open:
		p.SetColor(color.White)
		p.Fill(path)
		p.SetColor(ink)
		p.SetLineWidth(1.1)
		p.Stroke(path)
	default:
		p.Fill(path)
	}
}

func (p painter) circle(at XY, radius float64) vg.Path {
	var path vg.Path
	centre := p.at(at)
	path.Move(centre.Add(vg.Point{X: vg.Length(radius)}))
	for turn := range 4 { // quarters, since not all canvases draw whole circles
		path = append(path, quarter(centre, vg.Length(radius), turn)...)
	}
	path.Close()
	return path
}

// quarter is a quarter of a circle as a cubic curve.
func quarter(centre vg.Point, radius vg.Length, turn int) vg.Path {
	const bend = 0.5522847498 // of a curve closest to a quarter of a circle
	place := func(x, y vg.Length) vg.Point {
		for range turn {
			x, y = -y, x
		}
		return vg.Point{X: centre.X + radius*x, Y: centre.Y + radius*y}
	}
	var path vg.Path
	path.CubeTo(place(1, bend), place(bend, 1), place(0, 1))
	return path
}

func (p painter) text(t Text) {
	switch t.Role {
	case RoleTick, RoleAbout:
		p.SetColor(faint)
	default:
		p.SetColor(ink)
	}
	if !t.Vertical {
		p.FillString(face(t.Size, t.Bold), p.at(XY{t.Box.X, t.At.Y}), t.Words)
		return
	}
	p.Push()
	p.Translate(p.at(XY{t.At.X, t.Box.Y + t.Box.Height}))
	p.Rotate(quarterTurn)
	p.FillString(face(t.Size, t.Bold), vg.Point{}, t.Words)
	p.Pop()
}
