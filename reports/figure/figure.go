package figure

import "math"

// Figure is what one figure shows.
type Figure struct {
	Name    string // of its files, without an extension
	Title   string
	About   string // under the title: n, and what the bars are
	Caption string // sentences: all that a reader has to know
	Columns int    // panels beside each other; 0: all of them
	Panels  []Panel
	Images  *Images // instead of panels
}

// Panel is one pair of axes. Panels of a figure whose axes are called alike share their
// range.
type Panel struct {
	Title  string
	X, Y   Axis
	Series []Series
	Rules  []Rule
}

// Axis is what a direction of a panel shows.
type Axis struct {
	Label string // with the unit
	Scale Scale
	// Values are where the ticks are, as far as there is room, and Names what they are
	// called; nil: round numbers. On an Even axis value i is at i.
	Values []float64
	Names  []string
	// Least and Most are the bounds of what can be measured, such as 0 and 100 of a
	// share in percent: room around the numbers does not go beyond. Nil: none.
	Least, Most *float64
}

// Scale is how an axis goes.
type Scale string

// The scales.
const (
	Linear Scale = ""
	Log    Scale = "log"
	Even   Scale = "even" // a place for each of the axis's names
)

// Baseline is the style of what others are compared with: grey, square, dashed.
const Baseline = -1

// Styles is how many styles of series there are beside Baseline. Each has a colour, a
// marker and a dash of its own.
const Styles = 8

// Series is what shares a colour and a line of the legend.
type Series struct {
	Name   string // empty: not in the legend
	Style  int    // Baseline, or 0 to Styles-1
	Lines  []Line
	Points []Point
}

// XY is a place, in the units of the axes or of a scene.
type XY struct{ X, Y float64 }

func (p XY) known() bool { return known(p.X) && known(p.Y) }

// known reports whether a number can be drawn.
func known(x float64) bool { return math.Abs(x) < 1e150 } // false for NaN

// Line connects places.
type Line struct {
	Weight Weight
	Shift  float64 // sideways, in points, as that of the points it connects
	Points []XY
}

// Weight is how much a line stands out.
type Weight int

// The weights.
const (
	Main Weight = iota // what to look at
	Thin               // one of several that Main is the mean of
	Raw                // behind, of which Main is a smoothed one
)

// Point is a number on each axis.
type Point struct {
	XY
	XInterval, YInterval *Interval // the first not on an Even axis
	Shift                float64   // sideways, in points, so that series do not cover each other
	Name                 string    // shown beside it, as far as there is room
	Whole                bool      // Name says all, the series included
	Detail               string    // all there is to say of it
	Small                bool      // one of several that another point is the mean of
	Baseline             bool      // what the others of its series are compared with: it has a ring
}

// Interval is the bounds of a number.
type Interval struct{ Low, High float64 }

// Rule is a number that all of a panel is compared with: a line across it, and the band
// of its interval.
type Rule struct {
	Vertical bool
	At       float64 // not a number: there is a band alone
	Band     *Interval
	Name     string // in the legend
	Style    int
}
