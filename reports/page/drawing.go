package page

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// The size of a drawing and of the room around its axes, in units that are pixels on
// a wide window.
const (
	plotWidth, plotHeight = 460.0, 300.0
	plotLeft, plotRight   = 62.0, 448.0
	plotTop, plotBottom   = 10.0, 258.0
	plotColors            = 8 // that the style has
	letterWidth           = 6.6
	mostNames             = 8  // points of a plot that have their names beside them
	mostBars              = 24 // points of a plot that have their intervals drawn
)

// drawing is a plot in places.
type drawing struct {
	Width, Height, Left, Right, Top, Bottom, Middle, Under, Center, TicksX, TicksY string

	X, Y   []tick
	Floor  string // its x; empty: none
	Lines  []drawnLine
	Marks  []drawnMark
	Legend []drawnKey
	Bare   bool // so many points that they have no bars
}

type drawnLine struct {
	Color int
	Path  string
}

type drawnMark struct {
	Color    int
	Shape    string // of a path
	Bars     []drawnBar
	Name     string // empty: no room
	NameX    string
	NameY    string
	Detail   string
	Baseline bool
}

type drawnBar struct{ X1, Y1, X2, Y2 string }

type drawnKey struct {
	Color    int
	Name     string
	Line     bool
	Baseline bool
}

// Drawing places the plot. Points and lines that are not finite are left out.
func (p Plot) Drawing() drawing {
	p.Series = finite(p.Series)
	x, y := p.axes()
	d := drawing{
		Width: place(plotWidth), Height: place(plotHeight), Left: place(plotLeft), Right: place(plotRight), Top: place(plotTop), Bottom: place(plotBottom),
		Middle: place((plotLeft + plotRight) / 2), Under: place(plotHeight - 6), Center: place((plotTop + plotBottom) / 2), TicksX: place(plotBottom + 16), TicksY: place(plotLeft - 7),
		X: x.ticks(), Y: y.ticks(),
	}
	if p.Floor != nil {
		d.Floor = place(x.at(p.Floor.X))
	}
	var names placedNames
	points := 0
	for _, s := range p.Series {
		points += len(s.Points)
		for _, point := range s.Points {
			px, py := x.at(point.X), y.at(point.Y)
			names.boxes = append(names.boxes, box{px - 5, py - 5, 10, 10})
			if i := point.XInterval; i != nil {
				names.boxes = append(names.boxes, box{x.at(i.Low), py - 1, x.at(i.High) - x.at(i.Low), 2})
			}
			if i := point.YInterval; i != nil {
				names.boxes = append(names.boxes, box{px - 1, y.at(i.High), 2, y.at(i.Low) - y.at(i.High)})
			}
		}
	}
	d.Bare = points > mostBars
	known := map[string]bool{}
	for _, s := range p.Series {
		color := s.Color % plotColors
		if len(s.Line) > 0 {
			d.Lines = append(d.Lines, drawnLine{color, path(s.Line, x, y)})
		}
		for _, point := range s.Points {
			mark := drawnMark{Color: color, Detail: point.Detail, Baseline: point.Baseline}
			px, py := x.at(point.X), y.at(point.Y)
			mark.Shape = shape(point.Baseline, px, py)
			if i := point.XInterval; i != nil && !d.Bare {
				mark.Bars = append(mark.Bars, drawnBar{place(x.at(i.Low)), place(py), place(x.at(i.High)), place(py)})
			}
			if i := point.YInterval; i != nil && !d.Bare {
				mark.Bars = append(mark.Bars, drawnBar{place(px), place(y.at(i.Low)), place(px), place(y.at(i.High))})
			}
			if points <= mostNames {
				if at, ok := names.put(point.Name, px, py); ok {
					mark.Name, mark.NameX, mark.NameY = point.Name, place(at.X), place(at.Y)
				}
			}
			d.Marks = append(d.Marks, mark)
		}
		if !known[s.Name] {
			known[s.Name] = true
			baseline := len(s.Points) > 0 && s.Points[0].Baseline
			d.Legend = append(d.Legend, drawnKey{color, s.Name, len(s.Line) > 0, baseline})
		}
	}
	return d
}

// finite is the series without what cannot be drawn.
func finite(all []Series) []Series {
	known := func(at XY) bool {
		return !math.IsNaN(at.X) && !math.IsInf(at.X, 0) && !math.IsNaN(at.Y) && !math.IsInf(at.Y, 0)
	}
	all = slices.Clone(all)
	for i := range all {
		all[i].Line = slices.DeleteFunc(slices.Clone(all[i].Line), func(at XY) bool { return !known(at) })
		all[i].Points = slices.DeleteFunc(slices.Clone(all[i].Points), func(p Point) bool { return !known(p.XY) })
	}
	return all
}

// axes covers all that is drawn.
func (p Plot) axes() (x, y axis) {
	var xs, ys []float64
	for _, s := range p.Series {
		for _, point := range s.Line {
			xs, ys = append(xs, point.X), append(ys, point.Y)
		}
		for _, point := range s.Points {
			xs, ys = append(xs, point.X), append(ys, point.Y)
			if i := point.XInterval; i != nil {
				xs = append(xs, i.Low, i.High)
			}
			if i := point.YInterval; i != nil {
				ys = append(ys, i.Low, i.High)
			}
		}
	}
	if p.Floor != nil {
		xs = append(xs, p.Floor.X)
	}
	return newAxis(xs, plotLeft, plotRight), newAxis(ys, plotBottom, plotTop)
}

func path(line []XY, x, y axis) string {
	var b strings.Builder
	for i, point := range line {
		command := byte('L')
		if i == 0 {
			command = 'M'
		}
		b.WriteByte(command)
		b.WriteString(place(x.at(point.X)) + " " + place(y.at(point.Y)))
	}
	return b.String()
}

// shape is a square for the baseline and a disc for any other.
func shape(baseline bool, x, y float64) string {
	if baseline {
		return "M" + place(x-4.5) + " " + place(y-4.5) + "h9v9h-9z"
	}
	return "M" + place(x-5) + " " + place(y) + "a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z"
}

// box is a rectangle that something takes up.
type box struct{ x, y, width, height float64 }

func (b box) meets(other box) bool {
	return b.x < other.x+other.width && other.x < b.x+b.width && b.y < other.y+other.height && other.y < b.y+b.height
}

// placedNames finds room for names: beside what is drawn, never over it.
type placedNames struct{ boxes []box }

// put places a name beside a point, and reports whether there is room. The place is
// where its letters begin, on their baseline.
func (n *placedNames) put(name string, x, y float64) (XY, bool) {
	width := letterWidth * float64(utf8.RuneCountInString(name))
	const height = 13.0
	for _, at := range []XY{
		{x + 8, y - 16}, {x + 8, y + 4}, {x - 8 - width, y - 16}, {x - 8 - width, y + 4}, {x - width/2, y - 24}, {x - width/2, y + 10},
	} {
		candidate := box{at.X, at.Y, width, height}
		if at.X < plotLeft || at.X+width > plotRight+8 || at.Y < 0 || at.Y+height > plotBottom {
			continue
		}
		free := true
		for _, taken := range n.boxes {
			free = free && !candidate.meets(taken)
		}
		if free {
			n.boxes = append(n.boxes, candidate)
			return XY{at.X, math.Round(at.Y + height - 3)}, true
		}
	}
	return XY{}, false
}
