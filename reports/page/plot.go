package page

// Plot is points and lines over two axes.
type Plot struct {
	Title  string
	X, Y   string // what the axes show, with units
	Series []Series
	Floor  *Floor
	Note   string // what bars are and what is left out
}

// Series is what shares a colour and a name in the legend.
type Series struct {
	Name   string
	Color  int // series of one colour are of one name
	Line   []XY
	Points []Point
}

// XY is a place in a plot.
type XY struct{ X, Y float64 }

// Point is a number on each axis, with their intervals.
type Point struct {
	XY
	XInterval, YInterval *Interval
	Name                 string // shown beside it where there is room
	Detail               string // in words, all there is to say of it
	Baseline             bool
}

// Interval is the bounds of a number.
type Interval struct{ Low, High float64 }

// Floor is a vertical line that no model is expected to pass.
type Floor struct {
	X    float64
	Name string
}
