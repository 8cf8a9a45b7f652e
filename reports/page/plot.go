package page

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/plumb-ml/plumb/reports/figure"
)

// The width of a plot of one panel, and of each panel of a plot of several, in units that
// are about pixels on a wide window, and how much larger its words are than in a paper of
// that width.
const (
	plotWidth  = 440.0
	panelWidth = 330.0
	enlarged   = 1.5
)

// Plot is a figure as a page shows it: in the page's colours, with its words beside it and
// what there is to say of each point.
type Plot struct {
	figure.Figure
	ID string // unlike those of the page's other plots
}

// Write writes the markup of the plot alone, which Style is for.
func (p Plot) Write(w io.Writer) error {
	if err := pages.ExecuteTemplate(w, "plot", p); err != nil {
		return fmt.Errorf("write the plot %s: %w", p.ID, err)
	}
	return nil
}

// drawing is a plot in places.
type drawing struct {
	Width, Height string
	Wide          bool // it scrolls where there is no room for it
	Bands         []drawnPath
	Lines         []drawnPath
	Marks         []drawnMark
	Texts         []drawnText
	Legend        []drawnKey
}

type drawnPath struct{ Class, Dash, Path string }

type drawnMark struct {
	Class, Shape string
	Bars, Ring   string // paths; empty: none
	Detail       string
}

type drawnText struct {
	Class, X, Y, Anchor, Size, Words string
	Upright                          bool
}

type drawnKey struct {
	Name  string
	Lines []drawnPath
	Marks []drawnMark
}

// Drawing places the plot.
func (p Plot) Drawing() drawing {
	columns := p.Columns
	if columns <= 0 || columns > len(p.Panels) {
		columns = len(p.Panels)
	}
	width := plotWidth
	if columns > 1 {
		width = panelWidth * float64(columns)
	}
	scene := p.Lay(figure.Layout{Width: width, Bare: true, Enlarged: enlarged})
	d := drawing{Width: place(scene.Width), Height: place(scene.Height), Wide: columns > 1}
	for _, b := range scene.Bands {
		d.Bands = append(d.Bands, area(b))
	}
	for _, s := range scene.Strokes {
		d.Lines = append(d.Lines, drawn(s))
	}
	for _, m := range scene.Marks {
		d.Marks = append(d.Marks, mark(m))
	}
	for _, t := range scene.Texts {
		d.Texts = append(d.Texts, drawnText{string(t.Role), place(t.At.X), place(t.At.Y), string(t.Anchor), place(t.Size), t.Words, t.Vertical})
	}
	for _, k := range scene.Keys {
		bands, strokes, marks := k.Sign(20, 12)
		key := drawnKey{Name: k.Name}
		for _, b := range bands {
			key.Lines = append(key.Lines, area(b))
		}
		for _, s := range strokes {
			key.Lines = append(key.Lines, drawn(s))
		}
		for _, m := range marks {
			key.Marks = append(key.Marks, mark(m))
		}
		d.Legend = append(d.Legend, key)
	}
	return d
}

func area(b figure.Band) drawnPath {
	return drawnPath{Class: "band " + colour(b.Style), Path: path(b.Corners) + "z"}
}

// colour is the class of a style's colours.
func colour(style int) string {
	if style == figure.Baseline {
		return "cb"
	}
	return fmt.Sprint("c", style)
}

func drawn(s figure.Stroke) drawnPath {
	class := string(s.Role)
	switch s.Role {
	case figure.RoleLine, figure.RoleRule:
		class += " " + colour(s.Style)
	}
	switch s.Weight {
	case figure.Thin:
		class += " thin"
	case figure.Raw:
		class += " raw"
	}
	var dash []string
	for _, length := range s.Dash {
		dash = append(dash, place(length))
	}
	return drawnPath{class, strings.Join(dash, " "), path(s.Points)}
}

func mark(m figure.Mark) drawnMark {
	d := drawnMark{Class: colour(m.Style), Detail: m.Detail}
	if m.Small {
		d.Class += " small"
	}
	if m.Marker.Open {
		d.Class += " open"
	}
	if corners := m.Corners(); corners != nil {
		d.Shape = path(corners) + "z"
	} else {
		d.Shape = disc(m.At, m.Radius)
	}
	if m.Ring {
		d.Ring = disc(m.At, m.RingRadius())
	}
	for _, bar := range m.Bars {
		d.Bars += path(bar[:])
	}
	return d
}

func disc(at figure.XY, radius float64) string {
	r, across := place(radius), place(2*radius)
	return "M" + place(at.X-radius) + " " + place(at.Y) + "a" + r + " " + r + " 0 1 0 " + across + " 0a" + r + " " + r + " 0 1 0 -" + across + " 0z"
}

func path(points []figure.XY) string {
	var b strings.Builder
	for i, at := range points {
		command := byte('L')
		if i == 0 {
			command = 'M'
		}
		b.WriteByte(command)
		b.WriteString(place(at.X) + " " + place(at.Y))
	}
	return b.String()
}

// place is a coordinate in as many digits as can be seen.
func place(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
