package stats

import "math"

// Estimate is a number with its standard error.
type Estimate struct {
	Value   float64
	Error   float64 // standard error, above 0
	Degrees float64 // of freedom of Error
	// Growth is by how much the error's square grows with the true value; 0 where it
	// does not depend on it, at least 0.
	Growth float64
}

// Interval is of those true values x whose own error the estimate is within t =
// t[(1+level)/2, Degrees] of (a score interval: Wilson 1927):
//
//	(Value - x)² <= t² ( Error² + Growth (x - Value) )
//
// Without growth it is Student's, Value ± t Error. With growth it reaches farther up
// than down.
func (e Estimate) Interval(level float64) Interval {
	t := studentQuantile(level, e.Degrees)
	middle := t * t * e.Growth / 2
	half := math.Hypot(middle, t*e.Error)
	return Interval{Value: e.Value, Low: e.Value + middle - half, High: e.Value + middle + half}
}

// P is the two-sided p value of Student's test that the true value is zero. It is
// below 0.05 where the interval of level 0.95 leaves out zero.
func (e Estimate) P() float64 { return studentTest(e.Value/e.Error, e.Degrees) }
