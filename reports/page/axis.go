package page

import (
	"math"
	"strconv"
)

// axis is the numbers of one direction of a plot and where they are drawn, in the
// units of the drawing.
type axis struct {
	low, high float64 // numbers
	from, to  float64 // places
	step      float64 // between ticks
}

// most ticks of an axis.
const mostTicks = 6

// newAxis covers some finite numbers in round steps of 1, 2 or 5 times a power of ten.
func newAxis(numbers []float64, from, to float64) axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range numbers {
		low, high = min(low, x), max(high, x)
	}
	if low > high {
		low, high = 0, 1
	}
	if low == high {
		room := max(math.Abs(low)/10, 1e-9)
		low, high = low-room, high+room
	}
	step := roundStep((high - low) / mostTicks)
	return axis{math.Floor(low/step) * step, math.Ceil(high/step) * step, from, to, step}
}

// roundStep is the smallest of 1, 2, 5 times a power of ten that is at least as large.
func roundStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, step := range []float64{1, 2, 5} {
		if step*power >= least*(1-1e-9) {
			return step * power
		}
	}
	return 10 * power
}

func (a axis) at(x float64) float64 {
	return a.from + (x-a.low)/(a.high-a.low)*(a.to-a.from)
}

// tick is a round number on an axis.
type tick struct {
	At    string
	Label string
}

func (a axis) ticks() []tick {
	decimals := max(0, int(math.Ceil(-math.Log10(a.step)-1e-9)))
	var all []tick
	for i := 0; ; i++ {
		x := a.low + float64(i)*a.step
		if x > a.high+a.step/2 {
			return all
		}
		label := strconv.FormatFloat(x, 'f', min(decimals, 6), 64)
		if size := max(math.Abs(a.low), math.Abs(a.high)); size >= 1e6 || size < 1e-4 {
			label = strconv.FormatFloat(x, 'g', 3, 64)
		}
		if math.Abs(x) < a.step/2 {
			label = "0"
		}
		all = append(all, tick{place(a.at(x)), label})
	}
}

// place is a coordinate in as many digits as can be seen.
func place(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
