package figure

import (
	"image/color"
	"math"
)

// palette is Okabe and Ito's (2008), which colour-blind people can tell apart, with its
// yellow darkened for white paper.
var palette = [Styles]color.NRGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255}, {150, 140, 0, 255},
}

var grey = color.NRGBA{95, 95, 95, 255}

func colorOf(style int) color.NRGBA {
	if style < 0 {
		return grey
	}
	return palette[style%Styles]
}

// dashes of the styles' lines in points, on and off by turns: what tells lines apart
// without colour.
var dashes = [Styles][]float64{nil, {5, 2}, {1.5, 1.5}, {6, 2, 1.5, 2}, {8, 2}, {3, 1.5}, {6, 1.5, 1.5, 1.5, 1.5, 1.5}, {2.5, 2.5}}

var baselineDash = []float64{4, 2.5}

func dashOf(style int) []float64 {
	if style < 0 {
		return baselineDash
	}
	return dashes[style%Styles]
}

// Marker is the form of a point.
type Marker struct {
	Sides int // of a polygon; 0: a disc
	Turn  float64
	Open  bool // an outline
}

// The markers, of which each style has one.
var (
	disc   = Marker{}
	square = Marker{Sides: 4, Turn: math.Pi / 4}
)

var markers = [Styles]Marker{
	disc, {Sides: 3, Turn: math.Pi / 2}, {Sides: 4}, {Sides: 3, Turn: -math.Pi / 2},
	{Open: true}, {Sides: 3, Turn: math.Pi / 2, Open: true}, {Sides: 4, Open: true}, {Sides: 3, Turn: -math.Pi / 2, Open: true},
}

func markerOf(style int) Marker {
	if style < 0 {
		return square
	}
	return markers[style%Styles]
}

// ring is how many times as large as a mark the ring about it is.
const ring = 2.1

// corners are those of a polygon about a place, as large as a disc of the radius.
func (m Marker) corners(at XY, radius float64) []XY {
	if m.Sides == 0 {
		return nil
	}
	switch m.Sides { // corners stand out of the circle, for the areas to be alike
	case 3:
		radius *= 1.4
	case 4:
		radius *= 1.25
	}
	var all []XY
	for i := range m.Sides {
		sin, cos := math.Sincos(m.Turn + 2*math.Pi*float64(i)/float64(m.Sides))
		all = append(all, XY{at.X + radius*cos, at.Y - radius*sin})
	}
	return all
}
